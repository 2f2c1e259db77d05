{{ execution('department_code') }}
