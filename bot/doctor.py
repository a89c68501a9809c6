"""Checks an installation: settings, key, database, disk, models, platforms. Each failure names its fix."""

import shutil
import smtplib
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from sqlalchemy import text

from bot.channels.base import DeliveryFailed
from bot.finding import Finding
from bot.rasa_findings import examine_rasa
from bot.spark_finding import examine_spark
from config.settings import FOLDER, Settings, Smtp
from crm_core.database import open_store
from crm_core.errors import CrmError
from crm_core.pictures.looking import reads_text
from crm_core.voices.transcribing import NotHeard, Transcriber, missing
from nlu.training import NotTrained, read_audience
from nlu.understanding import Audience

LEAST_FREE = 500 * 1024 * 1024
MOST_SKEW = 60


def examine(settings: Settings) -> list[Finding]:
    """Run all checks that these settings call for."""
    findings = [_database(settings), _disk(settings), _models(), _staff(settings)]
    with httpx.Client(timeout=10) as client:
        if settings.telegram.token:
            findings.extend(_guarded("telegram", lambda: _telegram(settings, client)))
        if settings.slack.bot_token:
            findings.extend(_guarded("slack", lambda: _slack(settings, client)))
    findings.extend((_pictures(), _voices(settings)))
    if settings.smtp.url:
        findings.append(_smtp(settings.smtp))
    if settings.nlu.engine == "rasa":
        findings.extend(examine_rasa(settings))
    if settings.analytics.engine != "local":
        findings.append(examine_spark(settings.analytics.engine))
    if not settings.has_tokens:
        findings.append(Finding("channels", True, "no tokens set: the playground on the sample business will run"))
    return findings


def _guarded(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except httpx.HTTPError as error:
        reason = type(error).__name__
        return [
            Finding(
                name, False, f"not reachable ({reason})", f"Check the network and RAPPORT_{name.upper()}__BASE_URL."
            )
        ]


def _database(settings: Settings) -> Finding:
    key = settings.master_key.get_secret_value() if settings.master_key else None
    try:
        store = open_store(settings.database_url, settings.data_dir, key, settings.database.keys_url)
    except CrmError as error:
        return Finding("database and key", False, "cannot be used", str(error))
    with store.write() as session:
        session.execute(text("SELECT 1"))
    kind = store.engine.dialect.name
    store.close()
    return Finding("database and key", True, f"{kind}, schema up to date, the master key fits")


def _disk(settings: Settings) -> Finding:
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    detail = f"{free // 1024**2} MB free where the data lies"
    return Finding("disk", free > LEAST_FREE, detail, "Free some space: below 500 MB messages may be refused.")


def _models() -> Finding:
    audiences: tuple[Audience, ...] = ("customer", "agent", "manager")
    try:
        counts = {audience: len(read_audience(FOLDER / "nlu", audience)) for audience in audiences}
    except NotTrained as error:
        return Finding("training lines", False, "cannot be read", str(error))
    return Finding("training lines", True, ", ".join(f"{audience} {count}" for audience, count in counts.items()))


def _staff(settings: Settings) -> Finding:
    listed = len(settings.staff)
    ok = listed > 0 or settings.slack.bot_token is None
    fix = (
        "List Slack user ids or groups with their roles below `staff:` in config/settings.yml; all others are refused."
    )
    return Finding("staff", ok, f"{listed} entries", fix)


def _telegram(settings: Settings, client: httpx.Client) -> Iterator[Finding]:
    assert settings.telegram.token
    base = f"{settings.telegram.base_url.rstrip('/')}/bot{settings.telegram.token.get_secret_value()}"
    answer = client.get(f"{base}/getMe")
    told = answer.json()
    fix = "Take the token from @BotFather again and put it into RAPPORT_TELEGRAM__TOKEN."
    yield Finding(
        "telegram token", bool(told.get("ok")), f"@{told['result']['username']}" if told.get("ok") else "refused", fix
    )
    yield _clock(answer)
    if not told.get("ok"):
        return
    hook = client.get(f"{base}/getWebhookInfo").json().get("result", {})
    wanted = bool(settings.telegram.webhook_secret and settings.web.public_url)
    matches = bool(hook.get("url")) == wanted
    trouble = hook.get("last_error_message", "")
    detail = (
        f"{'webhook' if hook.get('url') else 'polling'}, {hook.get('pending_update_count', 0)} updates wait {trouble}"
    )
    fix = "Start `python -m bot` once: it sets or removes the webhook as the settings say. See docs/telegram.md."
    yield Finding("telegram delivery", matches and not trouble, detail.strip(), fix)


def _slack(settings: Settings, client: httpx.Client) -> Iterator[Finding]:
    from bot.channels.slack import SCOPES

    assert settings.slack.bot_token
    headers = {"Authorization": f"Bearer {settings.slack.bot_token.get_secret_value()}"}
    answer = client.post(f"{settings.slack.base_url.rstrip('/')}/auth.test", headers=headers)
    told = answer.json()
    fix = "Install the app again and put its bot token (xoxb-…) into RAPPORT_SLACK__BOT_TOKEN."
    detail = f"{told.get('user')} in {told.get('team')}" if told.get("ok") else str(told.get("error"))
    yield Finding("slack bot token", bool(told.get("ok")), detail, fix)
    yield _clock(answer)
    scopes = set(answer.headers.get("x-oauth-scopes", "").replace(" ", "").split(","))
    if told.get("ok") and scopes != {""}:
        missing = sorted(set(SCOPES) - scopes)
        fix = "Create or update the app from slack-manifest.yml, then reinstall it into the workspace."
        yield Finding("slack scopes", not missing, "all there" if not missing else f"missing {', '.join(missing)}", fix)
    app_token = settings.slack.app_token
    if app_token is None:
        yield Finding(
            "slack app token",
            False,
            "not set",
            "Make an app-level token (connections:write): RAPPORT_SLACK__APP_TOKEN.",
        )
        return
    opened = client.post(
        f"{settings.slack.base_url.rstrip('/')}/apps.connections.open",
        headers={"Authorization": f"Bearer {app_token.get_secret_value()}"},
    ).json()
    fix = "Make a new app-level token with connections:write and put it into RAPPORT_SLACK__APP_TOKEN."
    yield Finding("slack socket mode", bool(opened.get("ok")), str(opened.get("error", "opens")), fix)


def _pictures() -> Finding:
    """Whether text in pictures is read; it is a choice, so that both are right."""
    if reads_text():
        return Finding("text in pictures", True, "read and searchable")
    return Finding("text in pictures", True, "not read; `make ocr` installs what reads it", key="pictures_unread")


def _voices(settings: Settings) -> Finding:
    """Whether recordings are written down; without a model nobody wanted it, so that both are right."""
    name, model = "voice messages", settings.voice.model
    if not model:
        told = "kept and played, not written down; see Voice messages in docs/operations.md"
        return Finding(name, True, told, key="voice_unwritten")
    fix = "Run `make voice`, and let RAPPORT_VOICE__MODEL name a Whisper model for faster-whisper (docs/operations.md)."
    if problem := missing(model):
        return Finding(name, False, problem, fix)
    try:
        Transcriber(Path(model), settings.voice.most_seconds, Path(settings.data_dir) / "tmp" / "voices").check()
    except NotHeard as error:
        return Finding(name, False, str(error), fix)
    return Finding(name, True, f"written down by the model in {model}, up to {settings.voice.most_seconds} s each")


def _smtp(given: Smtp) -> Finding:
    """Whether letters would be taken: connected, encrypted, logged in, and welcome as the sender."""
    from bot.channels.email import Server, connect

    name, fix = "e-mail", "Check RAPPORT_SMTP__URL, RAPPORT_SMTP__SENDER and RAPPORT_SMTP__STARTTLS. See docs/email.md."
    server = Server.of(given)
    try:
        connection = connect(server, ssl.create_default_context())
        with connection:
            code, words = connection.mail(given.sender)
            connection.rset()
    except (DeliveryFailed, smtplib.SMTPException, OSError) as error:
        return Finding(name, False, str(error), fix)
    if code != 250:
        return Finding(
            name, False, f"{given.sender} may not send there: {code} {words.decode('utf-8', 'replace')}", fix
        )
    return Finding(name, True, f"{server.host} takes letters from {given.sender}")


def _clock(answer: httpx.Response) -> Finding:
    stamp = answer.headers.get("date")
    if not stamp:
        return Finding("clock", True, "the platform told no time to compare with")
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(stamp)).total_seconds())
    return Finding("clock", skew < MOST_SKEW, f"{skew:.0f} s off", "Let the machine set its clock (NTP).")
