"""What the catalogue says about a product, in words: which attributes a question is about, and how they read."""

import re
from collections.abc import Sequence

from bot.handlers.customer.common import CustomerTurn, known_or_plain, words
from crm_core.catalogue import ProductView

_ASKED: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "charging": r"usb|type-?c|charg|充电|快充|接口",
        "battery_cups": r"batter|one charge|per charge|how long does (?:it|the charge)|续航|电池|充一次|一次充电",
        "grind_settings": r"setting|coarse|fine|grind size|档|研磨度|粗细",
        "dishwasher_safe": r"dishwasher|洗碗机|机洗",
        "microwave_safe": r"microwave|微波",
        "induction": r"induction|hob|stove|电磁炉|灶",
        "voltage": r"volt|110|220|socket|plug|abroad|电压|插头|国外",
        "capacity_ml": r"capacity|how (?:big|much|many)|hold|size|\bml\b|lit(?:er|re)|容量|多大|毫升|升|装多少|大小",
        "capacity_g": r"capacity|how (?:big|much|many)|hold|size|gram|dose|容量|多大|一次磨|装多少|大小",
        "weight_g": r"weigh|heavy|gram|how much (?:is )?in|\bkg\b|重|克|净含量|多少斤",
        "material": r"material|made of|what.{0,12}made|plastic|steel|ceramic|材质|材料|什么做|塑料|陶瓷|不锈钢",
        "origin": r"origin|come from|comes from|where.{0,20}(?:from|grown|made)|grown|产地|哪里产|哪儿产|产自|哪里的",
        "caffeine": r"caffein|decaf|keep me awake|咖啡因|因含量|睡不着|提神",
        "roast": r"roast|烘焙|深烘|浅烘|中烘",
        "altitude_m": r"altitude|elevation|海拔",
        "water_c": r"temperature|how hot|degrees|°|水温|温度|多少度|几度",
        "temperature_c": r"temperature|how hot|degrees|°|control|温度|控温|多少度|恒温",
        "colour": r"colou?r|颜色|什么色|有.{0,4}色",
        "compatible_with": r"compatib|fit|work with|works with|go with|match|兼容|适用|适配|配不配|能配|能用|通用|能放",
        "warranty_months": r"warrant|guarantee|保修|质保|包修",
        "screen": r"screen|display|屏",
        "pieces": r"how many|pieces|pack|set of|几个|几只|多少(?:个|片|包|只)|一盒|一套",
        "keeps_hot_h": r"keep.{0,12}(?:hot|warm|cold)|hot for|warm|保温",
        "length_cm": r"long|length|cm|size|多长|长度|尺寸",
        "diameter_cm": r"diameter|wide|cm|size|直径|多大|尺寸",
        "precision_g": r"precis|accura|精度|精确",
        "max_g": r"max|up to|最大|称重",
        "output_w": r"watt|power|功率|瓦",
        "kind": r"kind|type of|green|black|oolong|什么茶|哪种|品种",
    }.items()
}
_PLAIN_TOO = re.compile(r"[\d .,:°/%+×x-]*(?:[A-Z]{1,4}(?:-[A-Z])?)?[\d .,:°/%+-]*")


def asked(turn: CustomerTurn, products: Sequence[ProductView]) -> list[str]:
    """The attributes a question is about: those of the products, and those nobody noted down."""
    named = [str(value) for value in turn.understanding.all("feature")]
    said = words(turn)
    for product in products:
        for name in product.names.values():
            said = said.replace(name.lower(), " ")
    there = {name for product in products for name in product.attributes}
    found = [name for name in named if name in _ASKED or name in there]
    found += [name for name, pattern in _ASKED.items() if pattern.search(said)]
    found += [name for name in there if len(name) > 3 and name.replace("_", " ") in said]
    fitting = [name for name in dict.fromkeys(found) if name in there]
    return fitting or list(dict.fromkeys(found))


def label(turn: CustomerTurn, name: str) -> str:
    """An attribute's name as people write it."""
    return known_or_plain(turn, "customer.attributes", name)


def value(turn: CustomerTurn, product: ProductView, name: str) -> str:
    """An attribute's value as people write it; "" where there is none in this language."""
    given = product.attributes.get(name)
    if given is None:
        return ""
    if isinstance(given, bool):
        return turn.say("common.yes" if given else "common.no")
    if isinstance(given, list):
        return turn.say("customer.product.and").join(_named(turn, [str(one) for one in given]))
    text = str(given)
    known = _phrase(turn, name, text)
    if known or turn.language == "en" or _PLAIN_TOO.fullmatch(text):
        return known or text
    parts = [_phrase(turn, name, part) for part in re.split(r" and | with |, ", text)]
    return turn.say("customer.product.and").join(parts) if all(parts) else ""


def _named(turn: CustomerTurn, given: list[str]) -> list[str]:
    """Names of the products in a list of SKUs; what is no SKU stays as it is."""
    known = {product.sku: product.names[turn.language] for product in turn.store.products(given)}
    return [known.get(one, one) for one in given]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _phrase(turn: CustomerTurn, name: str, text: str) -> str:
    """The phrase for a value, of this attribute or of any; "" where there is none."""
    for key in (f"customer.values.{name}_{_slug(text)}", f"customer.values.{_slug(text)}"):
        if turn.services.phrases.has(key):
            return turn.say(key)
    return ""


def facts(turn: CustomerTurn, product: ProductView, most: int) -> tuple[tuple[str, str], ...]:
    """(label, value) of a product's attributes, as many as fit on a card."""
    pairs = (
        (label(turn, name), value(turn, product, name)) for name in product.attributes if name != "compatible_with"
    )
    return tuple(pair for pair in pairs if pair[1])[:most]
