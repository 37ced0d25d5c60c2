"""Which hosts recipients of a message can reach."""

from __future__ import annotations

import pytest

from zhiyin.domain.host import is_private, is_this_machine


@pytest.mark.parametrize(
    ("host", "private", "here"),
    [
        ("localhost", True, True),
        ("shop.localhost", True, True),
        ("127.8.0.1", True, True),
        ("0.0.0.0", True, True),
        ("::1", True, True),
        ("[::1]", True, True),
        ("192.168.1.20", True, False),
        ("10.1.2.3", True, False),
        ("172.20.0.2", True, False),
        ("169.254.1.1", True, False),
        ("fd00::1", True, False),
        ("mailpit", True, False),
        ("SHOP.Local.", True, False),
        ("relay.corp.internal", True, False),
        ("8.8.8.8", False, False),
        ("172.32.0.1", False, False),
        ("shop.example.com", False, False),
        ("localhost.example.com", False, False),
    ],
)
def test_a_host_is_reached_from_here_from_the_network_or_by_everybody(
    host: str, private: bool, here: bool
) -> None:
    assert (is_private(host), is_this_machine(host)) == (private, here)
