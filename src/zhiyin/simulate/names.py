"""What the names and places of customers are made of: common Chinese and English ones, with usual shares."""

from __future__ import annotations

# surname, its pinyin, people in ten thousand
SURNAMES_ZH = (
    ("王", "wang", 710), ("李", "li", 700), ("张", "zhang", 670), ("刘", "liu", 510), ("陈", "chen", 470),
    ("杨", "yang", 310), ("黄", "huang", 220), ("赵", "zhao", 210), ("吴", "wu", 200), ("周", "zhou", 190),
    ("徐", "xu", 150), ("孙", "sun", 150), ("马", "ma", 130), ("朱", "zhu", 130), ("胡", "hu", 120),
    ("郭", "guo", 110), ("何", "he", 110), ("林", "lin", 110), ("罗", "luo", 100), ("高", "gao", 100),
    ("郑", "zheng", 90), ("梁", "liang", 90), ("谢", "xie", 80), ("宋", "song", 80), ("唐", "tang", 70),
    ("许", "xu", 70), ("邓", "deng", 60), ("冯", "feng", 60), ("韩", "han", 60), ("曹", "cao", 60),
    ("彭", "peng", 50), ("曾", "zeng", 50), ("肖", "xiao", 50), ("田", "tian", 50), ("董", "dong", 50),
    ("潘", "pan", 40), ("袁", "yuan", 40), ("蔡", "cai", 40), ("蒋", "jiang", 40), ("余", "yu", 40),
    ("于", "yu", 40), ("杜", "du", 40), ("叶", "ye", 40), ("程", "cheng", 40), ("魏", "wei", 40),
    ("苏", "su", 40), ("吕", "lv", 30), ("丁", "ding", 30), ("沈", "shen", 30), ("欧阳", "ouyang", 10),
)  # fmt: skip
GIVEN_ZH = (
    ("伟", "wei"), ("芳", "fang"), ("娜", "na"), ("敏", "min"), ("静", "jing"), ("丽", "li"), ("强", "qiang"),
    ("磊", "lei"), ("洋", "yang"), ("艳", "yan"), ("勇", "yong"), ("杰", "jie"), ("娟", "juan"), ("涛", "tao"),
    ("明", "ming"), ("超", "chao"), ("霞", "xia"), ("平", "ping"), ("刚", "gang"), ("浩", "hao"), ("宇", "yu"),
    ("婷", "ting"), ("欣怡", "xinyi"), ("子涵", "zihan"), ("梓萱", "zixuan"), ("雨桐", "yutong"), ("浩然", "haoran"),
    ("思远", "siyuan"), ("佳琪", "jiaqi"), ("晓燕", "xiaoyan"), ("建华", "jianhua"), ("志强", "zhiqiang"),
    ("文静", "wenjing"), ("雪梅", "xuemei"), ("海燕", "haiyan"), ("国栋", "guodong"), ("俊杰", "junjie"),
    ("梦洁", "mengjie"), ("诗涵", "shihan"), ("宇轩", "yuxuan"), ("一诺", "yinuo"), ("若曦", "ruoxi"),
    ("天佑", "tianyou"), ("嘉怡", "jiayi"), ("明远", "mingyuan"), ("安然", "anran"), ("晨曦", "chenxi"),
    ("立新", "lixin"), ("春兰", "chunlan"), ("秋月", "qiuyue"),
)  # fmt: skip
SURNAMES_EN = (
    ("Smith", 62), ("Jones", 46), ("Williams", 36), ("Taylor", 34), ("Brown", 34), ("Davies", 26), ("Evans", 22),
    ("Wilson", 21), ("Thomas", 20), ("Johnson", 20), ("Roberts", 19), ("Robinson", 17), ("Thompson", 16),
    ("Wright", 16), ("Walker", 15), ("White", 15), ("Edwards", 14), ("Hughes", 14), ("Green", 14), ("Hall", 13),
    ("Lewis", 13), ("Harris", 13), ("Clarke", 13), ("Patel", 13), ("Jackson", 12), ("Wood", 12), ("Turner", 12),
    ("Martin", 12), ("Cooper", 11), ("Hill", 11), ("Ward", 10), ("Morris", 10), ("Moore", 10), ("Clark", 10),
    ("Khan", 9), ("O'Brien", 6), ("Campbell", 8), ("Murphy", 7), ("Kelly", 8), ("Lim", 5), ("Tan", 7),
)  # fmt: skip
GIVEN_EN = (
    "Olivia", "Amelia", "Emily", "Grace", "Sophie", "Charlotte", "Hannah", "Lucy", "Ella", "Chloe", "Alice", "Ruth",
    "Sarah", "Laura", "Emma", "Rachel", "Helen", "Claire", "Julia", "Nora", "Oliver", "George", "Harry", "Jack",
    "Thomas", "James", "William", "Daniel", "Samuel", "Adam", "David", "Michael", "Andrew", "Peter", "Simon", "Mark",
    "Robert", "Stephen", "Martin", "Leo",
)  # fmt: skip
# name, country, hours ahead of UTC, share
CITIES_ZH = (
    ("上海", "CN", 8, 14), ("北京", "CN", 8, 13), ("广州", "CN", 8, 10), ("深圳", "CN", 8, 10), ("杭州", "CN", 8, 9),
    ("成都", "CN", 8, 8), ("苏州", "CN", 8, 6), ("南京", "CN", 8, 5), ("武汉", "CN", 8, 5), ("重庆", "CN", 8, 5),
    ("西安", "CN", 8, 4), ("厦门", "CN", 8, 4), ("福州", "CN", 8, 3), ("昆明", "CN", 8, 2), ("香港", "HK", 8, 2),
)  # fmt: skip
CITIES_EN = (
    ("London", "GB", 0, 18), ("Manchester", "GB", 0, 8), ("Edinburgh", "GB", 0, 6), ("Bristol", "GB", 0, 5),
    ("Dublin", "IE", 0, 6), ("Singapore", "SG", 8, 16), ("Hong Kong", "HK", 8, 9), ("Shanghai", "CN", 8, 6),
    ("Sydney", "AU", 10, 9), ("Melbourne", "AU", 10, 8), ("Auckland", "NZ", 12, 4), ("Dubai", "AE", 4, 5),
)  # fmt: skip
DOMAINS = ("example.com", "example.org", "example.net")  # reserved by RFC 2606: no mail ever leaves for them
SOURCES = (("search", 34), ("friend", 22), ("social", 20), ("store", 14), ("marketplace", 10))
