"""Bounds against what six tokenizers made of each text: GPT-2, GPT-4, GPT-4o, Llama 2, Llama 3, DeepSeek."""

from __future__ import annotations

import json

import pytest

from pytest_llm.verdicts.bounds import tokens_of

CHINESE = (
    "人工智能正在改变我们的生活方式。随着技术的不断进步,越来越多的企业开始采用机器学习来提高生产效率。中华人民共和国成立以来,"
    "经济快速发展,人民生活水平显著提高。他昨天去了图书馆,借了三本关于历史的书,然后在咖啡馆里读了一个下午。床前明月光,疑是地上霜。"
)
JAPANESE = (
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは"
    "記憶している。ありがとうございます。よろしくお願いいたします。コンピューターのプログラミングは楽しいです。"
)
KOREAN = (
    "안녕하세요. 오늘은 날씨가 매우 좋습니다. 인공지능 기술은 우리의 생활을 크게 변화시키고 있습니다. 감사합니다."
)
RUSSIAN = (
    "Искусственный интеллект меняет нашу жизнь. Вчера он пошёл в библиотеку и взял три книги по истории, а потом "
    "весь день читал в кафе. Правительство Российской Федерации приняло решение."
)
GERMAN = (
    "Die Bundesausbildungsförderungsgesetzgebung und die Donaudampfschifffahrtsgesellschaft sind lange Wörter, die "
    "im Deutschen gelegentlich vorkommen. Übrigens: Straße, Größe, Äpfel."
)
ARABIC = "الذكاء الاصطناعي يغير حياتنا بشكل كبير. ذهب أمس إلى المكتبة وقرأ ثلاثة كتب عن التاريخ."
HINDI = "कृत्रिम बुद्धिमत्ता हमारे जीवन को बदल रही है। वह कल पुस्तकालय गया और इतिहास की तीन किताबें पढ़ीं।"
THAI = "ปัญญาประดิษฐ์กำลังเปลี่ยนแปลงชีวิตของเรา เมื่อวานเขาไปห้องสมุดและยืมหนังสือประวัติศาสตร์สามเล่ม สวัสดีครับ ขอบคุณมากครับ"
ROWS = [{"id": i, "name": f"n{i}", "ok": True, "tags": ["a", "b"]} for i in range(400)]

# name: (text, the fewest and the most tokens of the six)
MEASURED: dict[str, tuple[str, int, int]] = {
    "Chinese": (CHINESE * 40, 2400, 9720),
    "Japanese": (JAPANESE * 40, 3120, 6200),
    "Korean": (KOREAN * 60, 1680, 7920),
    "Cyrillic": (RUSSIAN * 40, 1681, 7920),
    "German": (GERMAN * 40, 1721, 3000),
    "Arabic": (ARABIC * 40, 1040, 3560),
    "Hindi": (HINDI * 40, 1120, 6160),
    "Thai": (THAI * 40, 1640, 9480),
    "lorem ipsum": ("Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 300, 3001, 6301),
    "camel case": ("getElementByIdAndClassName " * 1000, 4001, 7001),
    "snake case": ("get_element_by_id_and_class " * 1000, 6001, 11002),
    "contractions": ("don't won't it's I'm you're they've " * 500, 3001, 9002),
    "addresses": ("https://www.example.com/path/to/page?x=1&y=2 " * 500, 8001, 10502),
    "code without blanks": ("function(a,b){return a+b};" * 400, 3198, 4401),
    "JSON": (json.dumps(ROWS), 10809, 12582),
    "dates": ("2024-11-28T06:00:00Z\n" * 800, 11200, 16802),
    "IP addresses": ("192.168.0.1 " * 1000, 7001, 12002),
    "a table": ("| a | b | c |\n|---|---|---|\n" * 500, 5005, 8001),
    "LaTeX": (r"\frac{\partial f}{\partial x} \begin{equation} \end{equation} " * 400, 6799, 8803),
    "mathematics": ("∀x∈ℝ: x²≥0 ⇒ √x ≤ π " * 500, 7002, 11001),
    "full width": ("ＡＢＣ１２３" * 1000, 5000, 18000),
    "a tree": ("│   ├── file.py\n│   └── x\n" * 300, 3900, 5400),
    "one emoji": ("😂" * 2000, 2000, 8002),
    "hearts": ("❤️" * 2000, 2000, 8002),
    "flags": ("🇩🇪🇫🇷" * 500, 4000, 8002),
    "blanks and a letter": ("\n".join(" " * 70 + chr(97 + i % 26) for i in range(330)), 989, 23429),
    "blanks": (" " * 20000, 157, 20000),
    "line ends": ("\n" * 20000, 625, 20002),
    "tabs": (("\t" * 40 + "x\n") * 200, 1000, 8402),
    "one word": ("word " * 6000, 6001, 6005),
    "one letter": ("a" * 10000, 1250, 2503),
    "a laugh": ("ha" * 5000, 2501, 5001),
    "an alphabet": ("abcdefghijklmnopqrstuvwxyz" * 300, 300, 4200),
    "mojibake": ("ÃÂ" * 4000, 125, 8002),
    "noughts": ("0" * 10000, 625, 10002),
    "dashes": ("-" * 10000, 156, 628),
    "rules": (("=" * 80 + "\n") * 100, 200, 604),
    "boxes": (("┌" + "─" * 60 + "┐\n") * 100, 1000, 1802),
    "question marks": ("!?" * 5000, 2502, 10001),
    "semicolons": (";\n" * 4000, 4000, 8001),
    "a greeting": ("你好" * 3000, 3000, 12000),
    "thanks": ("감사합니다 " * 2000, 2003, 24000),
    "a long word": ("правительство" * 1000, 2001, 13001),
    "another greeting": ("สวัสดีครับ" * 1000, 5000, 20000),
}
# One phrase that is a single token somewhere, again and again: fewer tokens than `fewest` says, never half as few.
PHRASES: dict[str, tuple[str, int, int]] = {
    "a country": ("中华人民共和国" * 1000, 1000, 13000),
    "an advertisement": ("微信公众号天天中彩票" * 500, 1000, 9000),
    "much thanks": ("ありがとうございます" * 1000, 1000, 12002),
}
EVERY = [*MEASURED.values(), *PHRASES.values()]
IDS = [*MEASURED, *PHRASES]


@pytest.mark.parametrize(("text", "fewest", "most"), EVERY, ids=IDS)
def test_no_tokenizer_leaves_the_bounds(text: str, fewest: int, most: int) -> None:
    bounds = tokens_of([text])
    assert bounds.surely <= fewest
    assert bounds.fewest <= fewest * 2
    assert most <= bounds.most + 2  # a tokenizer puts one or two of its own around a text


@pytest.mark.parametrize(("text", "fewest", "most"), MEASURED.values(), ids=MEASURED)
def test_fewer_tokens_than_the_fewest_are_an_exception(text: str, fewest: int, most: int) -> None:
    assert tokens_of([text]).fewest <= fewest


@pytest.mark.parametrize(
    "name",
    ["Chinese", "Japanese", "Korean", "Cyrillic", "German", "Arabic", "Hindi", "lorem ipsum", "JSON", "flags"],
)
def test_the_bounds_of_what_people_write_say_something(name: str) -> None:
    text, fewest, _ = MEASURED[name]
    assert tokens_of([text]).fewest >= fewest / 3


def test_texts_add_up_and_half_a_surrogate_pair_is_no_obstacle() -> None:
    assert tokens_of(["a b", "c"]) == (2, 3, 5)
    assert tokens_of([]) == (0, 0, 0)
    assert tokens_of(["\ud83d"]).most == 1
