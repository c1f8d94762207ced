"""What of a handover goes back to whose it was, decided on plain facts."""

import pytest

from app.work.rules import Held, stays


@pytest.mark.parametrize(
    ("held", "scope", "why"),
    [
        (Held("taker", True, "440783117"), "440783", ""),
        (Held("taker", True, "440783117"), "440783117", ""),
        (Held("taker", True, "440783117"), "440783115", "管不到"),
        (Held("taker", True, "440783117"), "", "管不到"),
        (Held("other", True, "440783117"), "440783", "换了人"),
        (Held(None, True, "440783117"), "440783", "换了人"),
        (Held("taker", False, "440783117"), "440783", "已经办完"),
        (None, "440783", "不在库里"),
    ],
)
def test_a_piece_goes_back_while_it_is_open_still_the_takers_and_in_the_givers_sight(
    held: Held | None, scope: str, why: str
) -> None:
    said = stays(held, taker="taker", scope=scope)
    assert (why in said, bool(said)) == (True, bool(why))
