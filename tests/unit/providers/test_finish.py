"""Every word that a server has for the end of an answer."""

from __future__ import annotations

import pytest

from pytest_llm.providers.finish import finish_of

WORDS = {
    "stop": "stop STOP eos_token end_turn stop_sequence tool_calls function_call COMPLETE eosFound "
    "FINISH_REASON_STOP stopStringFound tool_use eos end_id",
    "length": "length LENGTH max_tokens MAX_TOKENS maxTokens max-tokens model_length FINISH_REASON_MAX_TOKENS "
    "limit maxPredictedTokensReached contextLengthReached ERROR_LIMIT token_limit_reached truncated max_length",
    "filtered": "content_filter content_filtered CONTENT_FILTER SAFETY refusal guardrail_intervened ERROR_TOXIC "
    "moderation",
    "error": "error ERROR abort aborted failed cancelled insufficient_system_resource server_error",
    "unknown": "load unload banana null None {} ",
}


@pytest.mark.parametrize("finish", WORDS)
def test_what_a_word_means(finish: str) -> None:
    assert {word: finish_of(word) for word in WORDS[finish].split()} == dict.fromkeys(WORDS[finish].split(), finish)


def test_no_word_is_unknown() -> None:
    assert finish_of("") == "unknown"
