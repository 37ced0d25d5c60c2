"""Kinds of blocks: what each one is in MJML, with places for what a person fills in."""

from __future__ import annotations

from collections.abc import Mapping

from zhiyin.loop.deliver.block_fields import Field, Form, Kind

_ALIGN = {"left": "left", "center": "center", "right": "right"}
_WIDTHS = {"1": "100%", "2": "50%", "3": "33.33%"}
_SHOP = "https://shop.example/"


def _align(begin: str = "left") -> Field:
    return Field("align", Form.CHOICE, begin, choices=_ALIGN)


def _colour(name: str, begin: str) -> Field:
    return Field(name, Form.COLOUR, begin)


_PRODUCT = (
    Field("name", Form.LINE, {"en": "Name of the product", "zh": "商品名称"}),
    Field("price", Form.LINE, ""),
    Field("link", Form.LINK, _SHOP),
    Field("image", Form.LINK, ""),
)

_KINDS = (
    Kind(
        "header",
        (
            Field("logo", Form.LINK),
            Field("link", Form.LINK),
            Field("width", Form.NUMBER, "160"),
            Field("name", Form.LINE, "{{ shop.name }}"),
        ),
        """\
    <mj-section css-class="edge" background-color="#eef1f4" padding="28px 0 16px">
      <mj-column>
[[?logo]]        <mj-image src="[[logo]]" alt="{{ shop.name }}"[[?link]] href="[[link]]"[[/?]] width="[[width]]px" padding="0 32px" />
[[/?]][[?name]]        <mj-text align="center" color="#17202b" font-size="19px" font-weight="700" padding="0 32px">[[name]]</mj-text>
[[/?]]      </mj-column>
    </mj-section>
""",
    ),
    Kind(
        "text",
        (
            Field("kicker", Form.LINE),
            Field("heading", Form.LINE),
            Field("text", Form.TEXT, {"en": "Write your text here.", "zh": "在这里写正文。"}),
            _align(),
            _colour("colour", "#3d4754"),
            _colour("background", "#ffffff"),
        ),
        """\
    <mj-section background-color="[[background]]" padding="28px 0 8px">
      <mj-column>
[[?kicker]]        <mj-text align="[[align]]" color="[[colour]]" font-size="14px" font-weight="600" padding="0 32px 6px">[[kicker]]</mj-text>
[[/?]][[?heading]]        <mj-text align="[[align]]" color="[[colour]]" font-size="26px" font-weight="700" line-height="1.3" padding="0 32px 14px">[[heading]]</mj-text>
[[/?]][[?text]]        <mj-text align="[[align]]" color="[[colour]]">[[text]]</mj-text>
[[/?]]      </mj-column>
    </mj-section>
""",
    ),
    Kind(
        "image",
        (
            Field("image", Form.LINK),
            Field("alt", Form.LINE, {"en": "What the picture shows", "zh": "图片内容说明"}),
            Field("link", Form.LINK),
            Field("edge", Form.CHOICE, "wide", choices={"wide": "0", "inset": "8px 32px"}),
        ),
        """\
    <mj-section padding="0">
      <mj-column>
        <mj-image src="[[image]]" alt="[[alt]]"[[?link]] href="[[link]]"[[/?]] padding="[[edge]]" />
      </mj-column>
    </mj-section>
""",
    ),
    Kind(
        "button",
        (
            Field("label", Form.LINE, {"en": "Have a look", "zh": "去看看"}),
            Field("link", Form.LINK, _SHOP),
            _align("left"),
            _colour("background", "#0f766e"),
            _colour("colour", "#ffffff"),
        ),
        """\
    <mj-section padding="8px 0 0">
      <mj-column>
        <mj-button href="[[link]]" align="[[align]]" background-color="[[background]]" color="[[colour]]" padding="8px 32px 24px">[[label]]</mj-button>
      </mj-column>
    </mj-section>
""",
    ),
    Kind(
        "product-grid",
        (
            Field("columns", Form.CHOICE, "2", choices=_WIDTHS),
            Field("products", Form.LIST, fields=_PRODUCT),
        ),
        """\
    <mj-section padding="8px 16px 4px">
[[*products]]      <mj-column width="[[columns]]" css-class="card" padding="0 16px 28px">
[[?image]]        <mj-image src="[[image]]" href="[[link]]" alt="[[name]]" fluid-on-mobile="true" border-radius="8px" />
[[/?]]        <mj-text css-class="name" padding="12px 0 0" color="#17202b" font-size="16px" font-weight="600" line-height="1.4"><a href="[[link]]">[[name]]</a></mj-text>
[[?price]]        <mj-text padding="2px 0 0" color="#0f766e" font-size="15px" font-weight="600">[[price]]</mj-text>
[[/?]]      </mj-column>
[[/*]]    </mj-section>
""",
    ),
    Kind(
        "recommendations",
        (
            Field("heading", Form.LINE, {"en": "Picked for you", "zh": "为您挑选"}),
            Field("count", Form.CHOICE, "4", choices={n: n for n in "1234"}),
            Field("columns", Form.CHOICE, "2", choices=_WIDTHS),
            Field("price", Form.FLAG, "yes"),
            Field("reason", Form.FLAG, "yes"),
        ),
        """\
    {% if recommendations.size > 0 %}
[[?heading]]    <mj-section padding="16px 0 0">
      <mj-column>
        <mj-text color="#17202b" font-size="18px" font-weight="700" padding="0 32px 16px">[[heading]]</mj-text>
      </mj-column>
    </mj-section>
[[/?]]    <mj-section padding="0 16px 4px">
      {% for item in recommendations limit: [[count]] %}
      <mj-column width="[[columns]]" css-class="card" padding="0 16px 28px">
        {% if item.image_url %}
        <mj-image src="{{ item.image_url }}" href="{{ item.url }}" alt="{{ item.name }}" fluid-on-mobile="true" border-radius="8px" />
        {% endif %}
        <mj-text css-class="name" padding="12px 0 0" color="#17202b" font-size="16px" font-weight="600" line-height="1.4">{% if item.url %}<a href="{{ item.url }}">{{ item.name }}</a>{% else %}{{ item.name }}{% endif %}</mj-text>
[[?price]]        {% if item.price %}
        <mj-text padding="2px 0 0" color="#0f766e" font-size="15px" font-weight="600">{{ item.price }}</mj-text>
        {% endif %}
[[/?]][[?reason]]        {% if item.reason %}
        <mj-text padding="2px 0 0" color="#5b6673" font-size="13px" line-height="1.4">{{ item.reason }}</mj-text>
        {% endif %}
[[/?]]      </mj-column>
      {% endfor %}
    </mj-section>
    {% endif %}
""",
    ),
    Kind(
        "coupon",
        (
            Field("heading", Form.LINE, {"en": "A present for you", "zh": "送您一份礼物"}),
            Field("code", Form.LINE, "WELCOME10"),
            Field(
                "terms",
                Form.TEXT,
                {"en": "10% off your next order until the end of the month.", "zh": "下一单享九折，本月内有效。"},
            ),
            _colour("colour", "#0f766e"),
        ),
        """\
    <mj-section padding="16px 32px">
      <mj-column border="2px dashed [[colour]]" border-radius="8px" padding="20px 0 8px">
[[?heading]]        <mj-text align="center" color="#17202b" font-weight="600" padding="0 16px 6px">[[heading]]</mj-text>
[[/?]]        <mj-text align="center" color="[[colour]]" font-size="26px" font-weight="700" letter-spacing="2px" padding="0 16px 6px">[[code]]</mj-text>
[[?terms]]        <mj-text align="center" color="#5b6673" font-size="13px" padding="0 16px 10px">[[terms]]</mj-text>
[[/?]]      </mj-column>
    </mj-section>
""",
    ),
    Kind(
        "countdown",
        (
            Field("until", Form.DATE, "2030-01-01"),
            Field("many", Form.LINE, {"en": "{{ days_left }} days left", "zh": "还有 {{ days_left }} 天"}),
            Field("one", Form.LINE, {"en": "One day left", "zh": "还剩最后一天"}),
            Field("last", Form.LINE, {"en": "Today is the last day", "zh": "今天截止"}),
            _colour("colour", "#8a5200"),
            _colour("background", "#fdf3e1"),
        ),
        """\
    {% assign days_left = today | days_until: "[[until]]" %}
    {% if days_left >= 0 %}
    <mj-section background-color="[[background]]" padding="14px 0">
      <mj-column>
        {% if days_left > 1 %}
        <mj-text align="center" color="[[colour]]" font-weight="600" padding="0 32px">[[many]]</mj-text>
        {% elsif days_left == 1 %}
        <mj-text align="center" color="[[colour]]" font-weight="600" padding="0 32px">[[one]]</mj-text>
        {% else %}
        <mj-text align="center" color="[[colour]]" font-weight="600" padding="0 32px">[[last]]</mj-text>
        {% endif %}
      </mj-column>
    </mj-section>
    {% endif %}
""",
    ),
    Kind(
        "divider",
        (_colour("colour", "#e2e6ea"),),
        """\
    <mj-section padding="0">
      <mj-column>
        <mj-divider border-width="1px" border-color="[[colour]]" padding="16px 32px" />
      </mj-column>
    </mj-section>
""",
    ),
    Kind(
        "spacer",
        (Field("height", Form.NUMBER, "24"),),
        """\
    <mj-section padding="0">
      <mj-column>
        <mj-spacer height="[[height]]px" />
      </mj-column>
    </mj-section>
""",
    ),
    Kind(
        "two-columns",
        tuple(
            Field(f"{side}_{name}", form, begin)
            for side in ("left", "right")
            for name, form, begin in (
                ("image", Form.LINK, ""),
                ("alt", Form.LINE, ""),
                ("heading", Form.LINE, {"en": "A heading", "zh": "小标题"}),
                ("text", Form.TEXT, {"en": "A few words.", "zh": "几句话。"}),
            )
        ),
        "    <mj-section padding=\"16px 16px 8px\">\n"
        + "".join(
            f"""\
      <mj-column width="50%">
[[?{side}_image]]        <mj-image src="[[{side}_image]]" alt="[[{side}_alt]]" border-radius="8px" padding="0 16px 12px" />
[[/?]][[?{side}_heading]]        <mj-text color="#17202b" font-weight="600" padding="0 16px 4px">[[{side}_heading]]</mj-text>
[[/?]][[?{side}_text]]        <mj-text padding="0 16px 16px">[[{side}_text]]</mj-text>
[[/?]]      </mj-column>
"""
            for side in ("left", "right")
        )
        + "    </mj-section>\n",
    ),
    Kind(
        "footer",
        (
            Field(
                "why",
                Form.TEXT,
                {
                    "en": "You get this e-mail because you are a customer of {{ shop.name }} and agreed to hear from us.",
                    "zh": "您收到这封邮件，是因为您是 {{ shop.name }} 的客户，并同意接收我们的消息。",
                },
            ),
            Field("unsubscribe", Form.LINE, {"en": "Unsubscribe", "zh": "退订"}),
        ),
        """\
    <mj-section css-class="edge" background-color="#eef1f4" padding="24px 0 36px">
      <mj-column>
[[?why]]        <mj-text css-class="muted" align="center" color="#5b6673" font-size="13px" line-height="1.6" padding="0 32px">[[why]]</mj-text>
[[/?]]        <mj-text css-class="muted" align="center" color="#5b6673" font-size="13px" line-height="1.6" padding="0 32px">
          {{ shop.name }}{% if shop.address %} · {{ shop.address }}{% endif %}<br />
          <a href="{{ unsubscribe_url }}">[[unsubscribe]]</a>
        </mj-text>
      </mj-column>
    </mj-section>
""",
    ),
)  # fmt: skip
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
