{{ execution('department_code, project_code') }}
