"""The Anthropic API: sends a request, gives the whole answer as JSON, or says in a sentence why there is none.

The only module that imports the SDK, and only when a dream uses it. Retries are ours, because the SDK waits for days
when a server asks it to; answers are streamed, because a connection that is silent for minutes gets cut.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio

from dreamfs_server.dream.curators.ledger import Unanswered
from dreamfs_server.model_settings import KEY_HINT

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

RETRIES_MAX = 2
WAIT_SECONDS_MAX = 60.0
"""A server that wants to be left alone for longer is not waited for."""
POLL_SECONDS = 30.0
_AGAIN = frozenset({408, 409, 429})
_PASSING = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})

T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]


class AnthropicModel:
    """A `Model` over the SDK.

    Args:
        base_url: where the API is; None for the SDK's own idea (`ANTHROPIC_BASE_URL`, or Anthropic).
        key: for the API; None for what the environment holds.
        pause: waits some seconds between attempts.
        read_seconds_max: how long a stream may be silent.
    """

    def __init__(
        self,
        base_url: str | None = None,
        key: str | None = None,
        pause: Pause = anyio.sleep,
        read_seconds_max: float = 120.0,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._pause = pause
        self._read_seconds_max = read_seconds_max

    async def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send one request and give the whole answer.

        Raises:
            Unanswered: there is none.
        """

        async def once(client: "AsyncAnthropic") -> Mapping[str, Any]:
            return await _streamed(client, request)

        return await self._tried(once, str(request.get("model", "")))

    async def submit(self, requests: Mapping[str, Mapping[str, Any]]) -> str:
        """Send a batch; gives its id."""

        async def once(client: "AsyncAnthropic") -> str:
            entries: Any = [{"custom_id": name, "params": dict(request)} for name, request in requests.items()]
            return (await client.messages.batches.create(requests=entries)).id

        models = {str(request.get("model", "")) for request in requests.values()}
        return await self._tried(once, ", ".join(sorted(models)))

    async def collect(self, batch_id: str) -> Mapping[str, Mapping[str, Any] | Unanswered]:
        """Wait until a batch has ended; gives its answers by name."""

        async def ended(client: "AsyncAnthropic") -> bool:
            return (await client.messages.batches.retrieve(batch_id)).processing_status == "ended"

        async def results(client: "AsyncAnthropic") -> dict[str, Mapping[str, Any] | Unanswered]:
            found: dict[str, Mapping[str, Any] | Unanswered] = {}
            async for item in await client.messages.batches.results(batch_id):
                result = item.result
                found[item.custom_id] = (
                    cast("Mapping[str, Any]", result.message.to_dict(mode="json", warnings=False))
                    if result.type == "succeeded"
                    else Unanswered(f"The batch gave no answer: {result.type}.", charged=False)
                )
            return found

        while not await self._tried(ended, ""):
            await self._pause(POLL_SECONDS)
        return await self._tried(results, "")

    async def _tried(self, once: Callable[["AsyncAnthropic"], Awaitable[T]], model: str) -> T:
        import anthropic  # noqa: PLC0415  # only a dream that uses it pays for it
        import httpx2  # noqa: PLC0415

        try:
            client = anthropic.AsyncAnthropic(
                api_key=self._key,
                base_url=self._base_url,
                max_retries=0,
                timeout=httpx2.Timeout(self._read_seconds_max, connect=20.0),
            )
        except anthropic.AnthropicError:
            raise Unanswered(
                f"The credentials for the Anthropic API cannot be read. {KEY_HINT}", charged=False
            ) from None
        async with client:
            for attempt in range(RETRIES_MAX + 1):
                try:
                    return await once(client)
                except anthropic.APIStatusError as error:
                    wait = _wait(error, attempt)
                    if wait is None:
                        raise Unanswered(_status_sentence(error, model), charged=_is_streaming(error)) from error
                except anthropic.APITimeoutError as error:
                    raise Unanswered(
                        f"The Anthropic API was silent for {self._read_seconds_max:,.0f} seconds. Run the dream again later.",
                        charged=True,
                    ) from error
                except anthropic.APIConnectionError as error:
                    wait = float(2**attempt)
                    if attempt == RETRIES_MAX:
                        was_sent = not isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
                        raise Unanswered(
                            "The Anthropic API cannot be reached. Check the network (and ANTHROPIC_BASE_URL, if it is set), or "
                            "use --curator embedded, which needs none.",
                            charged=was_sent,
                        ) from error
                except (anthropic.AnthropicError, httpx2.HTTPError, ValueError, RuntimeError, TypeError) as error:
                    if client.api_key is None and client.auth_token is None and client.credentials is None:
                        raise Unanswered(f"There is no key for the Anthropic API. {KEY_HINT}", charged=False) from error
                    raise _garbled() from error
                await self._pause(wait)
        raise AssertionError("the last attempt returns or raises")


async def _streamed(client: "AsyncAnthropic", request: Mapping[str, Any]) -> Mapping[str, Any]:
    """One answer, put together from its stream."""
    inputs: dict[int, str] = {}
    started = stopped = False
    arguments: Any = dict(request)
    async with client.messages.stream(**arguments) as stream:
        events = cast("AsyncIterator[Any]", stream)
        async for event in events:
            if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                inputs[event.index] = inputs.get(event.index, "") + event.delta.partial_json
            started = started or event.type == "message_start"
            stopped = stopped or event.type == "message_stop"
        if not started:
            raise _garbled()
        message = cast("dict[str, Any]", stream.current_message_snapshot.to_dict(mode="json", warnings=False))
    if not stopped or not message.get("stop_reason"):
        raise _garbled()
    if message["stop_reason"] == "tool_use":  # the SDK reads half of a JSON text as if it were whole
        for index, text in inputs.items():
            if text.strip():
                message["content"][index]["input"] = json.loads(text)
    return message


def _garbled() -> Unanswered:
    return Unanswered("The answer broke off or made no sense. Run the dream again later.", charged=True)


def _wait(error: Any, attempt: int) -> float | None:
    """How long to wait before trying again; None to give up."""
    again = error.type in _PASSING if _is_streaming(error) else error.status_code >= 500 or error.status_code in _AGAIN
    if not again or attempt == RETRIES_MAX:
        return None
    asked = error.response.headers.get("retry-after", "")
    try:
        seconds = float(asked) if asked else float(2**attempt)
    except ValueError:
        seconds = float(2**attempt)
    return seconds if 0 <= seconds <= WAIT_SECONDS_MAX else None


def _is_streaming(error: Any) -> bool:
    """Whether the error came in the middle of an answer, whose status was that all is well."""
    return bool(error.response.status_code < 400)


def _status_sentence(error: Any, model: str) -> str:
    asked = error.response.headers.get("retry-after", "")
    later = f" It asks to wait {int(float(asked)):,} seconds." if _is_number(asked) else ""
    match error.status_code:
        case 401:
            return f"The Anthropic API does not accept the key. {KEY_HINT}"
        case 402:
            return "The account of this key has no credit left at Anthropic. Nothing was asked. Add credit, then run the dream again."
        case 403:
            return f"The key may not use the model {model} of the Anthropic API. Choose another: DREAMFS_MODEL."
        case 404:
            return f"The Anthropic API knows no model {model}. Choose another: DREAMFS_MODEL, DREAMFS_READING_MODEL."
        case 413:
            return "The request was too large for the Anthropic API. Dream over fewer sessions at once: --since, --session."
        case 429:
            return f"The Anthropic API answers no more requests of this key for now.{later} Run the dream again later."
        case _ if _is_streaming(error):
            return "The Anthropic API broke an answer off with an error of its own. Run the dream again later."
        case status if status >= 500:
            return f"The Anthropic API has a problem of its own (status {status}).{later} Run the dream again later."
        case status:
            return f"The Anthropic API did not take the request (status {status}). That is an error of ours; please report it."


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
