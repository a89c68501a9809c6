// Talking to the server: session, posts that are repeated until they are stored, and the stream of events.
import { language } from "./i18n.js";

const PAUSES = [700, 1500, 3000, 6000, 10000];

export class Refused extends Error {
  constructor(status, error) {
    super(error.problem ?? `HTTP ${status}`);
    this.status = status;
    this.fix = error.fix ?? "";
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function getJson(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body.error ?? {});
  return body;
}

/** Says what a customer's message meant; "" takes it back. */
export async function correct(address, label) {
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ label }) });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body.error ?? {});
  return body;
}

export const session = () => getJson("/api/session");

/** Posts a message. The same client_id goes out each time, so that a retry can never become a second message. */
export async function post(pane, message, files = []) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await postOnce(pane, { language: language(), ...message }, files);
    } catch (error) {
      const final = error instanceof Refused && ![401, 429, 503].includes(error.status) && error.status < 500;
      if (final || attempt >= PAUSES.length) throw error;
      if (error.status === 401) await session().catch(() => {});
      await pause(PAUSES[attempt]);
    }
  }
}

async function postOnce(pane, message, files) {
  const request = { method: "POST", headers: {}, body: JSON.stringify(message) };
  if (files.length) {
    request.body = new FormData();
    request.body.append("message", JSON.stringify(message));
    for (const file of files) request.body.append("files", file, file.name);
  } else {
    request.headers["Content-Type"] = "application/json";
  }
  const response = await fetch(`/api/panes/${pane}/messages`, request);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body.error ?? {});
  return body;
}

/**
 * Follows a pane ("all": every pane over one connection, of which a browser has only six for a server).
 * EventSource takes up a lost connection by itself, but gives up on an answer that is not a stream: then we do.
 */
export function follow(pane, { onEvent, onState }) {
  let last = "0";
  let failures = 0;
  const open = () => {
    const source = new EventSource(`/api/panes/${pane}/events?after=${last}`);
    source.onopen = () => {
      failures = 0;
      onState("live");
    };
    source.onmessage = (message) => {
      if (message.lastEventId) last = message.lastEventId;
      onEvent(JSON.parse(message.data));
    };
    source.onerror = async () => {
      onState("offline", failures);
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      await pause(PAUSES[Math.min(failures, PAUSES.length - 1)]);
      failures += 1;
      await session().catch(() => {});
      open();
    };
  };
  open();
}
