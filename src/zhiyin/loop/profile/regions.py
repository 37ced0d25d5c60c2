"""China's provinces and larger cities under one English name for each province, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# English name -> Chinese short name, other spellings, cities
_PROVINCES: Mapping[str, tuple[str, str]] = {
    "Beijing": ("北京", ""),
    "Tianjin": ("天津", ""),
    "Shanghai": ("上海", ""),
    "Chongqing": ("重庆", ""),
    "Hebei": ("河北", "石家庄 唐山 保定 邯郸 廊坊 秦皇岛 沧州 Shijiazhuang Tangshan Baoding Handan Langfang"),
    "Shanxi": ("山西", "太原 大同 运城 临汾 Taiyuan Datong"),
    "Inner Mongolia": ("内蒙古", "呼和浩特 包头 鄂尔多斯 赤峰 Hohhot Baotou Ordos Chifeng Neimenggu"),
    "Liaoning": ("辽宁", "沈阳 大连 鞍山 锦州 Shenyang Dalian Anshan"),
    "Jilin": ("吉林", "长春 延边 Changchun"),
    "Heilongjiang": ("黑龙江", "哈尔滨 齐齐哈尔 大庆 Harbin Qiqihar Daqing"),
    "Jiangsu": (
        "江苏",
        "南京 苏州 无锡 常州 南通 徐州 扬州 镇江 盐城 泰州 淮安 连云港 昆山 Nanjing Suzhou Wuxi Changzhou Nantong "
        "Xuzhou Yangzhou Zhenjiang Yancheng Kunshan",
    ),
    "Zhejiang": (
        "浙江",
        "杭州 宁波 温州 绍兴 嘉兴 湖州 金华 台州 义乌 丽水 衢州 舟山 Hangzhou Ningbo Wenzhou Shaoxing Jiaxing Huzhou "
        "Jinhua Yiwu",
    ),
    "Anhui": ("安徽", "合肥 芜湖 蚌埠 黄山 安庆 Hefei Wuhu Bengbu Huangshan"),
    "Fujian": ("福建", "福州 厦门 泉州 漳州 莆田 龙岩 Fuzhou Xiamen Quanzhou Zhangzhou"),
    "Jiangxi": ("江西", "南昌 赣州 九江 上饶 景德镇 Nanchang Ganzhou Jiujiang Jingdezhen"),
    "Shandong": (
        "山东",
        "济南 青岛 烟台 潍坊 临沂 淄博 威海 济宁 泰安 Jinan Qingdao Yantai Weifang Linyi Zibo Weihai",
    ),
    "Henan": ("河南", "郑州 洛阳 南阳 开封 新乡 Zhengzhou Luoyang Nanyang Kaifeng"),
    "Hubei": ("湖北", "武汉 宜昌 襄阳 荆州 Wuhan Yichang Xiangyang"),
    "Hunan": ("湖南", "长沙 株洲 湘潭 衡阳 岳阳 Changsha Zhuzhou Hengyang"),
    "Guangdong": (
        "广东",
        "广州 深圳 东莞 佛山 珠海 中山 惠州 汕头 江门 湛江 Guangzhou Shenzhen Dongguan Foshan Zhuhai Zhongshan Huizhou "
        "Shantou",
    ),
    "Guangxi": ("广西", "南宁 桂林 柳州 北海 Nanning Guilin Liuzhou"),
    "Hainan": ("海南", "海口 三亚 Haikou Sanya"),
    "Sichuan": ("四川", "成都 绵阳 德阳 乐山 宜宾 Chengdu Mianyang Leshan"),
    "Guizhou": ("贵州", "贵阳 遵义 Guiyang Zunyi"),
    "Yunnan": ("云南", "昆明 大理 丽江 西双版纳 普洱 Kunming Dali Lijiang"),
    "Tibet": ("西藏", "拉萨 Lhasa Xizang"),
    "Shaanxi": ("陕西", "西安 咸阳 宝鸡 Xi'an Xian Xianyang"),
    "Gansu": ("甘肃", "兰州 天水 敦煌 Lanzhou"),
    "Qinghai": ("青海", "西宁 Xining"),
    "Ningxia": ("宁夏", "银川 Yinchuan"),
    "Xinjiang": ("新疆", "乌鲁木齐 喀什 Urumqi Kashgar"),
    "Hong Kong": ("香港", "Hongkong"),
    "Macau": ("澳门", "Macao"),
    "Taiwan": ("台湾", "台北 高雄 Taipei Kaohsiung"),
}
REGIONS: Mapping[str, str] = {name: chinese for name, (chinese, _) in _PROVINCES.items()}

_LATIN = {name.casefold(): name for name in _PROVINCES}
_CHINESE = {chinese: name for name, chinese in REGIONS.items()}
for _name, (_, _cities) in _PROVINCES.items():
    for _city in _cities.split():
        (_LATIN if _city.isascii() else _CHINESE).setdefault(_city.casefold(), _name)
# a province stands before its city, so of two that begin alike the first in the list decides
_BEGINNING = re.compile("|".join(map(re.escape, [*REGIONS.values(), *_CHINESE])))
_KIND = re.compile(r"[\s,]+(?:province|city|municipality|sar|autonomous region|china)\b.*$")


def region(text: str) -> str:
    """The province that a place lies in; a place that is not known stays as it is, without blanks around.

    >>> region("广东省深圳市"), region(" shenzhen City"), region("Wuxi, Jiangsu"), region("Ohio")
    ('Guangdong', 'Guangdong', 'Jiangsu', 'Ohio')
    """
    place = " ".join(unicodedata.normalize("NFKC", text).split())
    if found := _BEGINNING.match(place.removeprefix("中国")):
        return _CHINESE[found[0]]
    parts = (place, *place.split(","))
    return next(
        (_LATIN[name] for part in parts if (name := _KIND.sub("", part.strip().casefold())) in _LATIN), place
    )
