"""Encodings that are told, and those that are refused."""

import sys

import pytest

from grokaem.text_encoding import find_encoding, open_text

# One sentence a language, each written out several times with a number, as the rows of a table are.
SENTENCES = {
    "Russian": "Хороший фильм, смотрели вечером всей семьёй и не пожалели",
    "Russian in short": "привет мир дом",
    "Ukrainian": "Гарний фільм, їжак і єнот дивилися ввечері разом із родиною",
    "Bulgarian": "Филмът беше много добър и гледахме до края с удоволствие",
    "French": "Le café très bon, déjà à côté de l’été où naître",
    "German": "Die Bücher für schöne Mädchen sind größer als üblich",
    "Spanish": "El niño español comió mañana, ¿qué tal está el corazón?",
    "Portuguese": "A ação não é boa, mas você põe emoção às cenas",
    "Swedish": "Det är på våren som träden växer mest överallt",
    "Danish": "Rødgrød med fløde er på bordet, sæt dig når du må",
    "Icelandic": "Það var góð kvikmynd og ég hló þrátt fyrir allt, æði",
    "English": "it’s a “good” café – really",
    "Polish": "Zażółć gęślą jaźń, książka jest świetna",
    "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "Romanian": "Filmul a fost bun şi încă îl văd cu plăcere în ţară",
    "Turkish": "Güzel bir film, şimdi ığdır ağacı altında izledik",
    "Greek": "Η ταινία ήταν πολύ καλή και την είδαμε όλοι μαζί",
    "Hebrew": "הסרט היה טוב מאוד וצחקנו כל הזמן ביחד",
    "Arabic": "كان الفيلم جيدا جدا وضحكنا طوال الوقت معا",
    "Thai": "ภาพยนตร์ดีมากและเราหัวเราะตลอดเวลา",
    "Chinese": "今天天气很好我们去公园看电影",
    "Taiwanese": "今天天氣很好我們去公園看電影",
    "Japanese": "今日は天気がいいですから映画を見ました",
    "Korean": "오늘은 날씨가 좋아서 공원에 갔습니다",
}
READ = [
    *((name, codec) for name in ("Russian", "Russian in short") for codec in ("cp1251", "koi8-r", "cp866")),
    ("Bulgarian", "cp1251"),
    ("Ukrainian", "cp1251"),
    *((name, "cp1252") for name in ("French", "German", "Spanish", "Portuguese", "Swedish", "Danish", "Icelandic")),
    ("English", "cp1252"), ("German", "latin-1"), ("Spanish", "latin-1"),
]  # fmt: skip
REFUSED = [
    ("Chinese", "gbk"), ("Taiwanese", "big5"), ("Japanese", "shift_jis"), ("Japanese", "euc-jp"), ("Korean", "euc-kr"),
    ("Polish", "cp1250"), ("Polish", "iso8859-2"), ("Czech", "cp1250"), ("Romanian", "cp1250"), ("Turkish", "cp1254"),
    ("Greek", "cp1253"), ("Hebrew", "cp1255"), ("Arabic", "cp1256"), ("Thai", "cp874"), ("Russian", "iso8859-5"),
    ("Russian", "mac-cyrillic"), ("Ukrainian", "koi8-u"), ("Spanish", "mac-roman"), ("German", "cp850"),
]  # fmt: skip


def write(path, name, codec):
    content = "text,label\n" + "".join(f"{SENTENCES[name]} {i},{'ab'[i % 2]}\n" for i in range(20))
    path.write_bytes(content.encode(codec))
    return content


@pytest.mark.case("F13")
@pytest.mark.parametrize(("name", "codec"), READ)
def test_known_code_pages_are_read_as_they_were_written(tmp_path, name, codec):
    content = write(tmp_path / "a.csv", name, codec)
    found, notes = find_encoding(tmp_path / "a.csv")
    with open_text(tmp_path / "a.csv", found) as file:
        assert file.read() == content
    assert len(notes) == 1 and "is not UTF-8 (line 2): read as" in notes[0]


@pytest.mark.case("F13")
@pytest.mark.parametrize(("name", "codec"), REFUSED)
def test_other_encodings_are_refused_and_not_read_as_other_letters(tmp_path, name, codec):
    write(tmp_path / "a.csv", name, codec)
    with pytest.raises(ValueError, match=r"a.csv is not UTF-8 \(line 2\) and .* not read here: save it anew as UTF-8"):
        find_encoding(tmp_path / "a.csv")


def test_a_refusal_names_the_encoding_where_that_can_be_told(tmp_path, monkeypatch):
    write(tmp_path / "a.csv", "Chinese", "gbk")
    with pytest.raises(ValueError, match="looks like GB18030"):
        find_encoding(tmp_path / "a.csv")
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    with pytest.raises(ValueError, match="is in another encoding"):
        find_encoding(tmp_path / "a.csv")


@pytest.mark.case("F10")
@pytest.mark.parametrize("codec", ["utf-8", "cp1251"])
@pytest.mark.parametrize("wrong", ["\0", "\x01", "\0" * 300])
def test_one_row_with_a_wrong_character_does_not_take_the_file(tmp_path, codec, wrong):
    rows = [f"Хороший фильм, смотрели вечером {i},да" for i in range(30)]
    rows[7] = f"Хороший{wrong} фильм,да"
    (tmp_path / "a.csv").write_bytes("\n".join(["text,label", *rows]).encode(codec))
    assert find_encoding(tmp_path / "a.csv")[0] == codec


@pytest.mark.case("F10")
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("name", ["English", "Russian", "Chinese"])
def test_wide_characters_without_a_mark_are_refused(tmp_path, codec, name):
    write(tmp_path / "a.csv", name, codec)
    with pytest.raises(ValueError, match="UTF-16 without a mark: save it as UTF-8"):
        find_encoding(tmp_path / "a.csv")
