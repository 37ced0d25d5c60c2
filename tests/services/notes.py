"""A kind of program of its own, as small as one can be."""

from zhiyin.domain.errors import BadSetting, NotFound
from zhiyin.domain.program import Program, Stream
from zhiyin.domain.template import Wording, Wordings
from zhiyin.services.programs import Kind
from zhiyin.services.workspace import Workspace

BODY = (
    "<mjml><mj-body><mj-section><mj-column>"
    '<mj-text><a href="https://shop.example/x?code={{ data.code }}">{{ data.code }}</a></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)
KIND = Kind(Stream.TRANSACTIONAL, "tests.services.notes:program")


def program(ws: Workspace, key: str) -> Program:
    """Every key but ``gone`` and ``unset`` has one."""
    if key == "gone":
        raise NotFound("There is no note.", fix="Write one.")
    if key == "unset":
        raise BadSetting("There is no sender.", fix="Set one.")
    return Program(
        name=f"note:{key}",
        title="Note",
        stream=Stream.TRANSACTIONAL,
        wordings=Wordings(Wording("Your code {{ data.code }}", BODY)),
        sender_name="Shop",
        sender_email="shop@example.com",
        tracked=False,
    )
