"""Contract of applications for treasury payment (PAY_VOUCHER, 国库集中支付申请).

The ministry's table has neither the voucher's number nor the date on which money was paid: an application is no
payment, even where it says how much was paid, and is never added to what was executed. Payments are
PAY_VOUCHER_BILL's. A table that has both is one of payments.
"""

from pipelines.contracts.common import (
    DEPARTMENT_CODE,
    DEPARTMENT_ECONOMY_CODE,
    DEPARTMENT_ECONOMY_NAME,
    DEPARTMENT_NAME,
    FUNCTION_CODE,
    FUNCTION_NAME,
    FUND_TYPE_CODE,
    GOVERNMENT_ECONOMY_CODE,
    GOVERNMENT_ECONOMY_NAME,
    ONE_DELETED_TWO_NOT,
    ORIGIN,
    PROJECT_CODE,
    PROJECT_NAME,
    REMARK,
)
from pipelines.contracts.model import Column, Dataset, Kind, Marks
from pipelines.contracts.payment import PAYEE, PAYMENT_PURPOSE

PAYMENT_APPLICATION = Dataset(
    name="payment_application",
    label_zh="支付申请",
    meaning="Applications for payment: what was applied for, what of it is said to be paid; never executed money.",
    meaning_zh="国库集中支付申请：申请金额与已付金额；无支付日期，不计入执行数，仅与支付明细核对。",
    columns=(
        *ORIGIN,
        Column(
            "application_number",
            Kind.TEXT,
            "支付申请编号",
            "Number of the application.",
            "支付申请编号。",
            headers=("支付申请编号", "支付申请号", "申请编号", "pay_app_no", "application_number"),
        ).as_required(),
        Column(
            "application_date",
            Kind.DATE,
            "申请日期",
            "Date of the application; not the date of a payment.",
            "申请日期，并非支付日期。",
            headers=("申请日期", "支付申请日期", "create_date", "application_date"),
        ),
        Column(
            "voucher_id",
            Kind.TEXT,
            "支付凭证主键",
            "Key of the payment voucher in its source.",
            "来源系统中支付凭证的主键。",
            headers=("支付凭证主键", "pay_cert_id", "voucher_id"),
        ),
        DEPARTMENT_CODE,
        DEPARTMENT_NAME,
        PROJECT_CODE,
        PROJECT_NAME,
        FUNCTION_CODE,
        FUNCTION_NAME,
        GOVERNMENT_ECONOMY_CODE,
        GOVERNMENT_ECONOMY_NAME,
        DEPARTMENT_ECONOMY_CODE,
        DEPARTMENT_ECONOMY_NAME,
        FUND_TYPE_CODE,
        Column(
            "application_amount",
            Kind.AMOUNT,
            "支付申请金额",
            "Amount applied for, in yuan.",
            "支付申请金额（元）。",
            headers=("支付申请金额", "申请支付金额", "申请金额", "pay_app_amt", "application_amount"),
        ).as_required(),
        Column(
            "settled_amount",
            Kind.AMOUNT,
            "申请已付金额",
            "What of the application is said to be paid, in yuan, without a date; empty or zero: not paid yet.",
            "申请中已实际支付的金额（元），无日期；空或零表示尚未支付。",
            headers=("实际支付金额", "实付金额", "已支付金额", "xpay_amt", "settled_amount"),
        ),
        Column(
            "indicator_id",
            Kind.TEXT,
            "指标编号",
            "Identifier of the indicator from which payment was applied for.",
            "申请所用的指标编号。",
            headers=("指标主键", "指标编号", "bgt_id", "indicator_id"),
        ),
        PAYMENT_PURPOSE,
        *PAYEE,
        REMARK,
    ),
    identity=(
        "application_number",
        "voucher_id",
        "payee_account",
        "department_code",
        "project_code",
        "function_code",
        "department_economy_code",
        "fund_type_code",
    ),
    one_of=(("department_code", "department_name"), ("project_code", "project_name")),
    distinguishing=("application_number", "application_amount"),
    deletion_marks=ONE_DELETED_TWO_NOT,
    marks=Marks.NONE,
)
