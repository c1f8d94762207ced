import re

import pytest
from jinja2 import meta, nodes

from app.config import ROOT, STATIC, TEMPLATES
from app.web.templating import make_environment

PAGES = sorted(p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*.html"))
SOURCES = {name: (TEMPLATES / name).read_text("utf-8") for name in PAGES}


@pytest.fixture(scope="module")
def environment():
    return make_environment()


@pytest.mark.parametrize("name", PAGES)
def test_every_template_parses(name, environment):
    environment.get_template(name)


@pytest.mark.parametrize("name", [p for p in PAGES if not p.startswith(("parts/", "mail/"))])
def test_a_template_is_a_page_with_a_frame_or_a_fragment_by_name(name, environment):
    tree = environment.parse(SOURCES[name])
    whole = "<!doctype" in SOURCES[name].lower() or tree.find(nodes.Extends) is not None
    assert whole != name.rsplit("/", 1)[-1].startswith("_")


def _asked_for(name, environment):
    """What a template takes from its context, with those it includes."""
    tree = environment.parse(SOURCES[name])
    included = [part.template.value for part in tree.find_all(nodes.Include)]
    return meta.find_undeclared_variables(tree).union(*(_asked_for(part, environment) for part in included))


def test_a_fragment_asks_for_nothing_that_only_a_whole_page_is_given(environment):
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "app" / "web").rglob("*.py"))
    alone = set(re.findall(r'fragment\(\s*request, "([^"]+)"', code))
    assert len(alone) > 10
    frame = {"unread", "nav", "flash", "look", "bureau", "sso", "has_calendar", "can_search"}
    assert not {name: found for name in alone if (found := frame & _asked_for(name, environment))}


def test_every_template_that_is_named_exists(environment):
    for name, source in SOURCES.items():
        for other in meta.find_referenced_templates(environment.parse(source)):
            assert other in SOURCES, f"{name} asks for {other}"


def test_every_target_of_htmx_is_an_id_that_some_template_has():
    everything = "\n".join(SOURCES.values())
    ids = set(re.findall(r'\bid="([\w-]+)"', everything))
    targets = set(re.findall(r'hx-(?:target|select)="#([\w-]+)"', everything))
    assert targets <= ids


def test_every_static_file_that_a_page_asks_for_exists():
    asked = set(re.findall(r"static_url\(\"([^\"]+)\"\)", "\n".join(SOURCES.values())))
    assert asked
    assert not [name for name in asked if not (STATIC / name).is_file()]


def test_pages_load_nothing_from_elsewhere():
    outside = re.compile(r"(?:src|href|action)=\"(?:https?:)?//")
    assert not [name for name, source in SOURCES.items() if outside.search(source)]
