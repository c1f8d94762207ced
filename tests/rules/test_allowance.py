import uuid

from app.web.allowance import DEAR, Allowance, Buckets

ME, YOU = uuid.UUID(int=1), uuid.UUID(int=2)


def asked(ip="10.0.0.1", *, path="/firms", method="GET", **headers):
    shown = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"client": (ip, 5), "path": path, "method": method, "headers": shown}


def taken(allowance, many, *more, now=0.0, **how):
    return [allowance.wait(asked(*more, **how), now=now) == 0 for _ in range(many)]


def test_a_minutes_worth_at_once_and_then_as_fast_as_it_fills():
    buckets = Buckets(60)
    assert [buckets.take("a", 1, now=0) for _ in range(61)] == [0.0] * 60 + [1.0]
    assert buckets.take("b", 1, now=0) == 0, "another has a bucket of its own"
    assert buckets.take("a", 1, now=0.9) > 0
    assert buckets.take("a", 1, now=1.0) == 0
    assert [buckets.take("a", 1, now=1000) for _ in range(61)].count(0.0) == 60, "it never holds more"


def test_what_costs_more_than_a_bucket_holds_takes_all_of_it():
    buckets = Buckets(30)
    assert buckets.take("a", DEAR, now=0) == 0
    assert buckets.take("a", DEAR, now=0) == 60


def test_an_export_and_an_import_count_as_many_pages():
    for how in ({"path": "/firms/export.xlsx"}, {"path": "/imports", "method": "POST"}, {"path": "/x/digest.pdf"}):
        allowance = Allowance(2 * DEAR)
        assert taken(allowance, 3, **how) == [True, True, False]
    assert all(taken(Allowance(100), 100, path="/imports"))


def test_whoever_has_not_signed_in_shares_with_the_address_and_probes_are_free():
    allowance = Allowance(10)
    assert taken(allowance, 11) == [True] * 10 + [False]
    assert taken(allowance, 1, "10.0.0.2") == [True]
    assert all(taken(allowance, 20, path="/health/ready"))
    house, next_door = "2001:db8:0:1::", "2001:db8:0:2::1"
    assert [allowance.wait(asked(f"{house}{n:x}"), now=0) == 0 for n in range(1, 12)] == [True] * 10 + [False]
    assert taken(allowance, 1, next_door) == [True]


def test_addresses_of_four_numbers_told_of_in_the_long_form_are_each_their_own():
    allowance = Allowance(10)
    assert taken(allowance, 11, "::ffff:10.0.0.1") == [True] * 10 + [False]
    assert taken(allowance, 1, "10.0.0.1") == [False], "the same, told of shortly"
    assert taken(allowance, 1, "::ffff:10.0.0.2") == [True]


def test_an_account_pays_for_itself_wherever_it_is_and_whatever_it_shows():
    allowance = Allowance(10)
    first, second = asked(cookie="tidu=one"), asked("10.0.0.9", authorization="Bearer two")
    for scope in (first, second):
        assert allowance.wait(scope, now=0) == 0
        allowance.learn(scope, ME)
    assert taken(allowance, 5, cookie="tidu=one") == [True] * 5
    assert taken(allowance, 6, "10.0.0.9", authorization="Bearer two") == [True] * 5 + [False]
    assert taken(allowance, 9) == [True] * 9, "its address has only paid for the first"
    other = asked("10.0.0.3", cookie="tidu=three")
    assert allowance.wait(other, now=0) == 0
    allowance.learn(other, YOU)
    assert taken(allowance, 10, "10.0.0.3", cookie="tidu=three") == [True] * 10


def test_what_a_proxy_asks_everybody_for_is_nobodys_ticket():
    allowance = Allowance(10)
    for who, cookie in ((ME, "tidu=mine"), (YOU, "tidu=yours")):
        scope = asked(authorization="Basic c2FtZQ==", cookie=cookie)
        allowance.wait(scope, now=0)
        allowance.learn(scope, who)
    assert taken(allowance, 11, authorization="Basic c2FtZQ==", cookie="tidu=mine") == [True] * 10 + [False]
    assert taken(allowance, 1, authorization="Basic c2FtZQ==", cookie="tidu=yours") == [True]


def test_who_shows_ever_new_tickets_that_open_nothing_pays_by_address():
    allowance, through = Allowance(10), 0
    for n in range(20):
        scope = asked(cookie=f"tidu={n}")
        if allowance.wait(scope, now=0) == 0:
            through += 1
            allowance.learn(scope, None)
    assert through == 10


def test_a_ticket_that_opens_nothing_any_more_is_not_charged_to_who_had_it():
    allowance, scope = Allowance(10), asked(cookie="tidu=stolen")
    allowance.wait(scope, now=0)
    allowance.learn(scope, ME)
    allowance.wait(scope, now=0)
    allowance.learn(scope, None)
    taken(allowance, 20, cookie="tidu=stolen")
    fresh = asked("10.0.0.2", cookie="tidu=mine")
    allowance.wait(fresh, now=0)
    allowance.learn(fresh, ME)
    assert taken(allowance, 9, "10.0.0.2", cookie="tidu=mine") == [True] * 9


def test_without_a_number_there_is_no_limit():
    assert all(taken(Allowance(0), 1000))
