"""What argparse says by itself is said in the user's language too."""

from collections.abc import Iterator

import pytest

from crm_desktop.cli.arguments import Arguments, make_parser
from crm_desktop.i18n import set_language
from tools import i18n as workshop


@pytest.fixture(autouse=True)
def in_chinese() -> Iterator[None]:
    workshop.compile_all()
    set_language("zh_CN")
    yield
    set_language("en")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sync", "--nonsense"], "无法识别的参数：--nonsense"),
        (["show"], "缺少以下参数：KIND, ID"),
        (["dance"], "无效的选择：'dance'"),
        (["list", "account", "--limit", "many"], "“many”不是大于等于 1 的数字"),
        (["screenshot", "a.png", "--pane", "x", "--size", "big"], "“big”不是尺寸"),
        (["list", "account", "--limit"], "需要一个参数"),
    ],
)
def test_wrong_usage_is_told_in_chinese(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        make_parser("1").parse_args(words, namespace=Arguments())
    assert expected in capsys.readouterr().err


def test_help_is_told_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        make_parser("1").parse_args(["--help"])
    shown = capsys.readouterr().out
    assert "用法：" in shown
    assert "显示此帮助并退出" in shown
    assert "show " not in shown.replace("show KIND", "").replace("    show ", "")
