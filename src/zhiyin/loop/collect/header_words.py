"""What columns are called, in English and Chinese: the fields of each kind of file and their usual names."""

from __future__ import annotations

from collections.abc import Mapping

# kind -> field -> names, best first, as ``columns.normal`` writes them
_CUSTOMER = (
    "customer_id", "customerid", "customer", "cust_id", "user_id", "userid", "member_id", "membership_id",
    "household_id", "household_key", "client_id", "buyer_id", "shopper_id", "account_id", "openid",
    "客户编号", "客户id", "客户号", "会员编号", "会员id", "会员号", "会员卡号", "用户编号", "用户id", "顾客编号", "顾客id",
    "买家id", "买家昵称", "客户", "会员", "用户",
)  # fmt: skip
_ITEM = (
    "item_id", "itemid", "product_id", "productid", "sku", "sku_id", "upc", "ean", "asin", "stock_code",
    "stockcode", "item_code", "product_code", "article_id", "goods_id", "barcode", "item", "product",
    "商品编号", "商品id", "商品编码", "货号", "商品代码", "商家编码", "产品编号", "产品id", "sku编码", "物品编号", "条码",
    "商品",
)  # fmt: skip
_TIME = (
    "timestamp", "order_time", "ordered_at", "order_date", "order_datetime", "transaction_timestamp",
    "transaction_time", "transaction_date", "invoice_date", "purchase_date", "purchased_at", "event_time",
    "created_at", "original_timestamp", "paid_at", "datetime", "occurred_at", "time", "date", "day", "ts",
    "下单时间", "订单时间", "下单日期", "订单日期", "付款时间", "支付时间", "成交时间", "交易时间", "交易日期", "购买时间",
    "订单创建时间", "创建时间", "发生时间", "时间", "日期",
)  # fmt: skip
_QUANTITY = (
    "quantity",
    "qty",
    "units",
    "count",
    "num",
    "pieces",
    "数量",
    "购买数量",
    "件数",
    "商品数量",
    "宝贝数量",
)
_PRICE = (
    "price", "unit_price", "unitprice", "item_price", "list_price", "price_each", "sale_price", "retail_price",
    "单价", "价格", "商品单价", "售价", "商品价格", "零售价", "销售价",
)  # fmt: skip
_CATEGORY = (
    "category", "product_category", "category_name", "item_category", "category_code", "department", "class",
    "类目", "品类", "分类", "类别", "商品分类", "商品类目", "商品类别", "一级类目",
)  # fmt: skip
_CURRENCY = ("currency", "currency_code", "币种", "货币")
_ORDER = (
    "order_id", "orderid", "order_number", "order_no", "order", "basket_id", "invoice_no", "invoice",
    "invoiceno", "invoice_id", "transaction_id", "transaction_no", "receipt_id", "receipt_no", "purchase_id",
    "订单号", "订单编号", "订单id", "单号", "交易号", "交易编号", "小票号", "流水号", "发票号",
)  # fmt: skip
_TOTAL = (
    "order_total", "total_amount", "total", "grand_total", "order_amount", "order_value", "amount", "amount_paid",
    "total_price", "revenue", "sales", "spend", "value", "dollars",
    "订单金额", "订单总额", "总金额", "实付金额", "实付款", "实收金额", "支付金额", "付款金额", "金额", "总价", "合计",
    "应付金额",
)  # fmt: skip

FIELDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "customers": {
        "customer_id": (*_CUSTOMER, "id", "编号"),
        "email": ("email", "e_mail", "email_address", "mail", "邮箱", "电子邮箱", "邮件", "电子邮件", "邮箱地址"),
        "phone": (
            "phone", "mobile", "phone_number", "mobile_phone", "telephone", "tel", "cell", "cellphone",
            "手机", "手机号", "手机号码", "电话", "联系电话", "联系方式",
        ),
        "name": (
            "name", "full_name", "fullname", "customer_name", "display_name", "姓名", "客户姓名", "名字", "客户名称",
            "会员姓名", "昵称", "用户名",
        ),
        "first_name": ("first_name", "firstname", "given_name", "名"),
        "last_name": ("last_name", "lastname", "surname", "family_name", "姓", "姓氏"),
        "language": ("language", "lang", "locale", "preferred_language", "语言", "语种"),
        "created_at": (
            "created_at", "registered_at", "signup_date", "sign_up_date", "registration_date", "joined_at",
            "join_date", "created", "member_since", "first_seen", "注册时间", "注册日期", "创建时间", "入会时间", "入会日期",
            "加入时间",
        ),
        "consent": (
            "consent", "email_consent", "marketing_consent", "opt_in", "optin", "email_opt_in", "newsletter",
            "subscribed", "accepts_marketing", "accepts_email", "同意营销", "营销同意", "是否订阅", "订阅", "邮件订阅",
            "是否同意", "同意",
        ),
        "consent_at": (
            "consent_at", "consent_date", "consent_time", "consented_at", "opt_in_at", "opt_in_date", "opt_in_time",
            "optin_time", "subscribed_at", "subscription_date", "同意时间", "同意日期", "订阅时间", "订阅日期",
        ),
    },
    "suppressions": {
        "address": (
            "address", "email", "e_mail", "email_address", "mail", "recipient",
            "邮箱", "电子邮箱", "邮件", "电子邮件", "邮箱地址", "地址",
        ),
        "reason": ("reason", "type", "status", "category", "原因", "类型", "状态"),
        "at": (
            "at", "date", "time", "timestamp", "created_at", "created", "suppressed_at", "unsubscribed_at",
            "bounced_at", "时间", "日期", "退订时间", "退信时间",
        ),
    },
    "items": {
        "item_id": (*_ITEM, "id", "编号"),
        "name": (
            "name", "item_name", "product_name", "title", "product_title", "item_description", "description",
            "商品名称", "商品名", "产品名称", "品名", "名称", "物品名称", "标题", "product_type",
        ),
        "name_en": ("name_en", "english_name", "title_en", "en_name", "英文名称", "英文名"),
        "name_zh": ("name_zh", "name_cn", "chinese_name", "title_zh", "zh_name", "name_zh_hans", "中文名称", "中文名"),
        "category": _CATEGORY,
        "price": _PRICE,
        "currency": _CURRENCY,
        "url": ("url", "link", "product_url", "item_url", "page_url", "链接", "商品链接", "网址"),
        "image_url": ("image_url", "image", "image_link", "picture", "img", "photo", "图片", "商品图片", "主图", "图片链接"),
        "available": ("available", "in_stock", "availability", "active", "on_sale", "是否上架", "上架", "有货", "是否有货"),
    },
    "orders": {
        "order_id": _ORDER,
        "customer_id": _CUSTOMER,
        "timestamp": _TIME,
        "item_id": _ITEM,
        "quantity": _QUANTITY,
        "price": _PRICE,
        "line_amount": (
            "line_amount", "line_total", "sales_value", "extended_price", "item_total", "subtotal", "sub_total",
            "line_value", "sales_amount", "小计", "行金额", "商品金额", "销售额", "销售金额",
        ),
        "amount": _TOTAL,
        "category": _CATEGORY,
        "status": (
            "status", "order_status", "state", "financial_status", "payment_status", "订单状态", "状态", "交易状态",
            "支付状态",
        ),
        "currency": _CURRENCY,
    },
    "events": {
        "event_id": ("event_id", "message_id", "messageid", "事件编号", "事件id", "消息id"),
        "type": ("type",),
        "event": ("event", "event_name", "event_type", "action", "activity", "事件", "事件名称", "行为", "行为类型"),
        "customer_id": _CUSTOMER,
        "anonymous_id": ("anonymous_id", "visitor_id", "device_id", "session_id", "cookie_id", "user_session",
                         "匿名id", "访客id", "设备id"),
        "timestamp": _TIME,
        "order_id": _ORDER,
        "amount": _TOTAL,
        "item_id": _ITEM,
        "quantity": _QUANTITY,
        "price": _PRICE,
        "category": _CATEGORY,
        "currency": _CURRENCY,
        "campaign": ("campaign", "campaign_key", "campaign_id", "utm_campaign", "活动", "活动编号"),
        "properties": ("properties", "props", "属性"),
    },
}  # fmt: skip

# without these a file of the kind makes no sense; of a tuple, one is enough
REQUIRED: Mapping[str, tuple[str | tuple[str, ...], ...]] = {
    "customers": ("customer_id",),
    "suppressions": ("address",),
    "items": ("item_id",),
    "orders": ("order_id", "customer_id", "timestamp", ("amount", "line_amount", "price")),
    "events": (("event", "type"), "timestamp", ("customer_id", "anonymous_id")),
}
