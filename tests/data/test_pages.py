"""The text of web pages, as a browser's reader mode or a person would copy it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data.pages import extract_text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<h1>A title</h1>\n\n  <p>It <b>was</b>\n  late.</p>", "A title\n\nIt was late."),
        ("a<br>b<br/>c<br><br>d", "a\nb\nc\n\nd"),
        ("a<br></br>b", "a\nb"),
        ("<ul><li>one</li><li>two</li></ul>after", "one\ntwo\n\nafter"),
        ("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
        ("x<pre>  def f():\n\treturn  1\n</pre>y", "x\n\n  def f():\n\treturn  1\n\n\ny"),
        ("un<i>believ</i>able <em>and</em> so", "unbelievable and so"),
        ("&ldquo;caf&eacute;&rdquo; &amp; &#x6C34; &lt;b&gt;", "“café” & 水 <b>"),
        ("a\u00a0\u2003b \t\n c", "a\u00a0\u2003b c"),
        ("<!-- hidden --><!doctype html><p>shown</p>", "shown"),
        ("<div>one<div>two</div></div>three", "one\ntwo\nthree"),
        ("", ""),
        ("<p> </p><div>\n</div>", ""),
    ],
)
def test_a_page_is_what_is_shown(page: str, text: str) -> None:
    """Blocks stand on lines of their own, white space is one space, references are characters."""
    assert extract_text(page) == text


@pytest.mark.parametrize("tag", ["script", "style", "title", "template", "noscript", "iframe"])
def test_what_is_not_shown_is_left_out(tag: str) -> None:
    """Programs, styles and the like are no text, though the rest of a page is."""
    page = f"<html><head><{tag} a='b'>if (a < b) {{ c }}</{tag}></head><body>text</body></html>"
    assert extract_text(page) == "text"


def test_an_empty_element_of_xhtml_hides_nothing() -> None:
    """A book's <title/> and <script src='a'/> end where they begin."""
    page = "<html><head><title/></head><body><p>one</p><iframe src='a'/><p>two</p></body></html>"
    assert extract_text(page) == "one\n\ntwo"


@given(st.lists(st.text("ab \n\té水", max_size=6), max_size=5))
def test_no_word_is_lost_or_joined(paragraphs: list[str]) -> None:
    """The words are those of the paragraphs, and no two paragraphs run into one."""
    text = extract_text("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))
    assert text.split() == " ".join(paragraphs).split()
    assert len(re.split("\n\n", text)) == max(1, sum(bool(one.split()) for one in paragraphs))


@given(st.text("<>/pbr!-&;#x scripte\"'= \n", max_size=40))
def test_any_page_is_read(page: str) -> None:
    """Nothing that is malformed is an error, and what is no markup is kept."""
    extract_text(page)
    assert extract_text("<p>" + page.replace("<", "").replace("&", "")).split() == (
        page.replace("<", "").replace("&", "").split()
    )
