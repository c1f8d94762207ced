"""Ids are opaque and ordered by the moment they were made."""

from itertools import pairwise

from app.db import new_id


def test_of_two_ids_the_later_is_the_greater_and_none_comes_twice():
    made = [new_id() for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert sum(earlier > later for earlier, later in pairwise(made)) <= 1  # the machine's clock may be set back


def test_an_id_says_which_kind_it_is():
    assert (new_id().version, new_id().variant) == (7, "specified in RFC 4122")
