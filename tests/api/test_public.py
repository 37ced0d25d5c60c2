"""The public links of messages, for those whom nobody knows."""

import pytest
from tests.console.small_shop import client

from zhiyin.services.workspace import Workspace


@pytest.mark.parametrize("path", ["/u/altered", "/t/c/altered"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_altered_link_answers_in_the_language_of_the_browser(
    workspace: Workspace, path: str, language: str
) -> None:
    answer = client().get(path, headers={"accept-language": language})
    assert (answer.status_code, answer["Content-Language"]) == (404, language)
    assert not answer.cookies
