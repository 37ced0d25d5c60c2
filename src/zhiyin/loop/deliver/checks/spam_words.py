"""Phrases that filters know from spam, in small letters. Words that honest shops need every day are not among them."""

ENGLISH = (
    "100% free", "100% guaranteed", "act immediately", "act now", "apply now", "bad credit", "be your own boss",
    "best price ever", "big bucks", "cash bonus", "casino", "cheap meds", "claim your prize", "click below",
    "click here", "congratulations you won", "credit card offers", "dear friend", "double your income",
    "double your money", "earn extra cash", "earn money", "earn per week", "easy money", "extra income",
    "fast cash", "financial freedom", "free access", "free gift", "free money", "free trial", "get out of debt",
    "get paid", "get rich", "guaranteed winner", "hidden charges", "home based business", "incredible deal",
    "instant cash", "joint venture", "limited time only", "lose weight", "lottery", "lowest price", "make money",
    "million dollars", "miracle", "money back guarantee", "multi-level marketing", "no catch", "no cost",
    "no credit check", "no fees", "no obligation", "no purchase necessary", "no questions asked",
    "no strings attached", "not spam", "once in a lifetime", "online pharmacy", "order now", "pre-approved",
    "pure profit", "risk free", "risk-free", "satisfaction guaranteed", "this is not spam", "urgent",
    "viagra", "weight loss", "while you sleep", "winner", "work from home", "you are a winner",
    "you have been selected", "you won",
)  # fmt: skip

CHINESE = (
    "免费领取", "免费送", "点击领取", "立即领取", "点击此处", "点击这里", "中奖", "大奖", "恭喜您获得", "恭喜你获得",
    "恭喜您中", "代开发票", "开发票", "正规发票", "无抵押", "无需抵押", "小额贷款", "秒批", "低息贷款", "信用卡套现",
    "博彩", "赌场", "彩票", "六合彩", "澳门", "日赚", "月入过万", "轻松赚", "稳赚", "躺赚", "赚钱项目", "兼职日结",
    "高薪兼职", "刷单", "返利", "零风险", "无风险", "包赚", "一夜暴富", "内部消息", "股票推荐", "荐股", "涨停",
    "全网最低", "史上最低", "最低价", "绝对正品", "国家级", "百分百有效", "根治", "特效药", "减肥", "壮阳", "加微信",
    "加我微信", "最后机会", "错过再等一年", "不转不是", "紧急通知", "账户异常", "账号异常", "密码过期",
)  # fmt: skip
