"""The shortest password, said in the words of this catalogue."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import ngettext


class LongEnough(MinimumLengthValidator):
    """Django's check; its Chinese catalogue does not know the sentence that Django 5.2 says."""

    def get_error_message(self) -> str:
        """What is said of a shorter one."""
        return ngettext(
            "This password is too short. It needs at least %(least)s character.",
            "This password is too short. It needs at least %(least)s characters.",
            self.min_length,
        ) % {"least": self.min_length}
