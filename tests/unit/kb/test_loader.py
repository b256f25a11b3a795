"""What is read from files, and what is said about those that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import InputError
from kb.documents import Draft
from kb.loader import SUFFIXES, Defaults, Loader, SourceFile, find_files, slug


def load(path: Path, defaults: Defaults | None = None) -> list[Draft]:
    """The documents of a file."""
    loader = Loader(default_language="en", largest_file=100_000)
    return loader.load(SourceFile(path, path.name), defaults or Defaults())


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(folder: Path, name: str, content: str | bytes) -> str:
    """What the error says, without the folder."""
    with pytest.raises(InputError) as caught:
        load(write(folder, name, content))
    assert caught.value.code == "document"
    return str(caught.value).replace(f"{folder}/", "")


def test_front_matter_names_what_a_document_is(tmp_path: Path) -> None:
    text = (
        '---\nid: returns-cs\ntitle: "Jak vrátit zboží"\ncategory: returns\nlanguage: cs\n'
        "url: https://example.com/vratky\ntranslation_of: returns\nupdated: 2026-10-22\n---\n\n"
        "Pošlete ho zpět.\n"
    )
    (draft,) = load(write(tmp_path, "a.md", text), Defaults("other", "en"))
    assert draft.model_dump(exclude={"source"}) == {
        "id": "returns-cs", "title": "Jak vrátit zboží", "category": "returns", "language": "cs",
        "url": "https://example.com/vratky", "translation_of": "returns", "question": "",
        "text": "Pošlete ho zpět.", "markdown": True, "named": True,
    }  # fmt: skip


def test_without_front_matter_the_heading_the_name_and_the_defaults_serve(tmp_path: Path) -> None:
    (headed,) = load(write(tmp_path, "x.md", "# Gift cards\n\nValid a year."), Defaults("billing"))
    assert (headed.title, headed.id, headed.category) == ("Gift cards", "x", "billing")
    (bare,) = load(write(tmp_path, "gift-cards.md", "Valid for a year."))
    assert bare.title == "Gift cards"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zboží můžete vrátit do třiceti dnů od doručení.", "cs"),
        ("Вы можете вернуть товар в течение тридцати дней.", "ru"),
        ("Sie können die Ware innerhalb von dreißig Tagen zurückgeben.", "de"),
        ("Puede devolver el artículo en un plazo de treinta días.", "es"),
        ("You can return the item within thirty days.", "en"),
    ],
)
def test_the_language_is_recognised(tmp_path: Path, text: str, language: str) -> None:
    assert load(write(tmp_path, "a.txt", text))[0].language == language


def test_a_short_first_line_is_the_title_of_a_text(tmp_path: Path) -> None:
    (draft,) = load(write(tmp_path, "n.txt", "\ufeffOpening hours\r\n\r\nMonday to Friday."))
    assert (draft.title, draft.text, draft.markdown) == (
        "Opening hours",
        "Monday to Friday.",
        False,
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.csv", "question,answer,category\nWhere?,Here.,place\n"),
        ("f.csv", "Q;A;Topic\nWhere?;Here.;place\n"),
        ("f.csv", "title\tresponse\tcategory\nWhere?\tHere.\tplace\n"),
        ("f.json", '[{"question": "Where?", "answer": "Here.", "category": "place"}]'),
        ("f.json", '{"faq": [{"q": "Where?", "a": "Here.", "topic": "place"}]}'),
        ("f.jsonl", '\n{"query": "Where?", "reply": "Here.", "section": "place"}\n\n'),
    ],
)
def test_pairs_go_by_the_names_people_use(tmp_path: Path, name: str, content: str) -> None:
    (draft,) = load(write(tmp_path, name, content))
    assert (draft.title, draft.question, draft.text, draft.category) == (
        "Where?", "Where?", "Here.", "place",
    )  # fmt: skip


def test_rows_of_texts_are_documents(tmp_path: Path) -> None:
    content = 'category,text\nbilling,Invoices come by email on Monday.\nother,"Two\nlines, here"\n'
    first, second = load(write(tmp_path, "t.csv", content))
    assert (first.category, first.question, first.text) == (
        "billing", "", "Invoices come by email on Monday.",
    )  # fmt: skip
    assert second.text == "Two\nlines, here"


def test_an_object_of_questions_and_answers_is_read(tmp_path: Path) -> None:
    drafts = load(write(tmp_path, "f.json", '{"Where?": "Here.", "When?": "Now."}'))
    assert [draft.question for draft in drafts] == ["Where?", "When?"]


def test_a_row_keeps_its_id_when_others_come_before_it(tmp_path: Path) -> None:
    rows = [{"question": f"Question {n}?", "answer": "Yes."} for n in range(3)]
    before = {d.question: d.id for d in load(write(tmp_path, "f.json", json.dumps(rows)))}
    after = {d.question: d.id for d in load(write(tmp_path, "f.json", json.dumps(rows[::-1])))}
    assert before == after
    assert len(set(before.values())) == 3


def test_the_same_question_twice_gives_two_ids(tmp_path: Path) -> None:
    rows = "question,answer\nWhere?,Here.\nWhere?,There.\n"
    assert len({draft.id for draft in load(write(tmp_path, "f.csv", rows))}) == 2


NO_FIELD = "front matter wants `name: value`"
NO_COLUMNS = "the first line must name columns: question and answer, or text"
NO_PAIR = "a question with an answer is wanted, or a text"
TOO_MANY = "more fields than the first line has names"
NO_COLON = "not JSON (Expecting ':' delimiter)"
KINDS = f"this kind of file is not read; {', '.join(SUFFIXES)} are"
PAIR = '{"question": "q", "answer": "a"}'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.md", "---\ntitle: X\nno colon here\n---\ntext", f"a.md, line 3: {NO_FIELD}"),
        ("a.md", "---\ntitle: X\n", "a.md, line 1: the front matter is not closed by `---`"),
        ("a.md", "---\ntitle: X\n---\n\n", "a.md, line 4: there is no text"),
        ("a.txt", "  \n", "a.txt, line 1: there is no text"),
        ("a.csv", "", "a.csv, line 1: there are no rows"),
        ("a.csv", "question,answer\n", "a.csv, line 1: there are no rows"),
        ("a.csv", "one,two\n1,2\n", f"a.csv, line 1: {NO_COLUMNS}"),
        ("a.csv", "question,answer\nWhere?,\n", f"a.csv, line 2: {NO_PAIR}"),
        ("a.csv", "question,answer\na,b\nc,d,e\n", f"a.csv, line 3: {TOO_MANY}"),
        ("a.json", '{"a": 1,\n "b" 2}', f"a.json, line 2: {NO_COLON}"),
        ("a.json", '[{"question": "q", "answer": "a"}, 7]', "a.json: item 2: an object is wanted"),
        ("a.json", "[]", "a.json, line 1: there are no rows"),
        ("a.json", "3", "a.json, line 1: a list of objects is wanted"),
        ("a.json", "[" * 100_000, "a.json, line 1: not JSON that can be read"),
        ("a.jsonl", PAIR + '\n{"x"\n', f"a.jsonl, line 2: {NO_COLON}"),
        ("a.jsonl", '{"question": "q"}', f"a.jsonl, line 1: {NO_PAIR}"),
        ("a.md", b"ok\n\xff\xfe", "a.md, line 2: not UTF-8 text"),
        ("a.txt", b"a\x00b", "a.txt: not a text file"),
        ("a.txt", "x" * 100_001, "a.txt: larger than 100000 bytes"),
        ("a.odt", "x", f"a.odt: {KINDS}"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    assert refusal(tmp_path, name, content) == said


def test_invisible_characters_do_not_get_in(tmp_path: Path) -> None:
    (draft,) = load(write(tmp_path, "a.txt", "Hidden\n\nplain\u200b te\u202ext\U000e0041"))
    assert draft.text == "plain text"


def test_folders_are_searched_and_hidden_files_left_alone(tmp_path: Path) -> None:
    for name in ("b.md", "sub/a.txt", ".hidden/x.md", "sub/.secret.md", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    found = find_files([tmp_path, tmp_path / "b.md"])
    assert [file.name for file in found] == ["b.md", "sub/a.txt"]


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file or folder"):
        find_files([tmp_path / "nothing"])


def test_slugs_are_plain_letters() -> None:
    assert slug("Příliš žluťoučký / kůň! Привет") == "prilis-zlutoucky-kun-привет"
