"""What Slack's refusals and broken connections mean: try later, never, or unclear, with words that name the fix."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels.base import DeliveryFailed, Refused, RetryLater, Unclear

UNASKABLE = (SlackClientError, aiohttp.ClientError, TimeoutError)
"""What a question to Slack may raise when there is no answer."""

TOKEN_REFUSED = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type"}
)
INVITE = "the app is not in the channel: write /invite @rapport there"
FIXES = {
    "not_in_channel": INVITE,
    "channel_not_found": "no such channel, or the app is not in it: check its id, write /invite @rapport there",
    "is_archived": "the channel is archived: unarchive it or choose another one",
    "user_not_in_channel": "the person is not in the channel",
    "user_not_found": "no such person in this workspace",
    "user_disabled": "the person's account is deactivated",
    "cannot_dm_bot": "a bot cannot be written to",
    "messages_tab_disabled": "direct messages to the app are off: update the app from slack-manifest.yml",
    "message_not_found": "the message is gone",
    "cant_update_message": "the message was not written by the app",
    "edit_window_closed": "the workspace forbids editing so late",
    "restricted_action": "the workspace forbids the app to write there: an owner must allow it",
    "restricted_action_read_only_channel": "the channel is read-only: an owner must allow the app to write",
    "restricted_action_thread_only_channel": "the channel takes answers in threads only",
    "msg_too_long": "the message is too long for Slack",
    "file_upload_size_restricted": "the file is larger than the workspace allows",
    "storage_limit_reached": "the workspace's file storage is full",
    "ekm_access_denied": "the workspace's administrators have blocked the app from writing",
    "method_not_supported_for_channel_type": "this cannot be done in this kind of chat",
}
WAITS = {
    "ratelimited": 30.0,
    "rate_limited": 30.0,
    "message_limit_exceeded": 60.0,
    "service_unavailable": 30.0,
    "request_timeout": 5.0,
    "team_added_to_org": 60.0,
}
"""Least seconds to wait where Slack gives no figure; nothing was done."""
HALF_DONE = frozenset({"fatal_error", "internal_error"})


def code_of(error: SlackApiError) -> str:
    """Slack's own word for what went wrong; empty when it sent no readable answer."""
    response = error.response
    if isinstance(response, AsyncSlackResponse) and isinstance(response.data, dict):
        return str(response.data.get("error") or "")
    return ""


def meaning(error: SlackApiError) -> DeliveryFailed:
    """Translate an answer of Slack that was not `ok`. The answer's body is never quoted."""
    code, response = code_of(error), error.response
    status = response.status_code if isinstance(response, AsyncSlackResponse) else 0
    if status == 429 or code in WAITS:
        return RetryLater(f"Slack asks to wait ({code or status})", _wait(response, WAITS.get(code, 30.0)))
    if status == 503:
        return RetryLater("Slack is not available (503)", _wait(response, 30.0))
    if code in HALF_DONE or not code:
        return Unclear(f"Slack failed half-way ({code or status or 'unreadable answer'})")
    if code in TOKEN_REFUSED:
        return Refused(f"Slack refused the bot token ({code}): reinstall the app, renew RAPPORT_SLACK__BOT_TOKEN")
    if code == "missing_scope":
        return Refused(
            f"the app lacks the scope {response.get('needed')}: update it from slack-manifest.yml, reinstall"
        )
    return Refused(f"Slack refused ({code}): {FIXES.get(code, 'see the error of this name in docs.slack.dev')}")


def _wait(response: object, otherwise: float) -> float:
    headers = response.headers if isinstance(response, AsyncSlackResponse) else {}
    named = {str(name).lower(): str(value) for name, value in headers.items()}.get("retry-after", "")
    try:
        return max(1.0, float(named)) if named else otherwise
    except ValueError:
        return otherwise


@contextmanager
def explained() -> Iterator[None]:
    """Turn whatever a call to Slack raises into the delivery errors of the channel contract."""
    try:
        yield
    except SlackApiError as error:
        raise meaning(error) from None
    except SlackRequestError as error:
        # Only the second of the three steps of an upload raises this: nothing is visible to anybody yet.
        raise RetryLater("Slack did not take the bytes of the file", 30.0) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise RetryLater(f"Slack cannot be reached ({type(error).__name__}): check network and proxy", 10.0) from error
    except TimeoutError as error:
        raise Unclear("Slack did not answer in time") from error
    except aiohttp.ClientError as error:
        raise Unclear(f"the connection to Slack broke ({type(error).__name__})") from error
