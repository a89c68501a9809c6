// A voice message: recorded by the browser, given to the composer as a file like any other.
const LONGEST = 120_000;
const ENDINGS = { "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a" };

/** Browsers lend the microphone to encrypted pages and to those of this machine alone. */
export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

export class Recorder {
  /** `onTime(seconds)` while it runs; `onDone(file)` once it was stopped, by whoever wrote or after two minutes. */
  constructor({ onTime, onDone }) {
    Object.assign(this, { onTime, onDone });
    this.recording = null;
  }

  get isRunning() {
    return this.recording !== null;
  }

  /** Throws where the microphone is not given. */
  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const recording = new MediaRecorder(stream);
    const pieces = [];
    const began = performance.now();
    const clock = setInterval(() => this.onTime(Math.floor((performance.now() - began) / 1000)), 250);
    const end = setTimeout(() => this.stop(), LONGEST);
    recording.addEventListener("dataavailable", (event) => event.data.size && pieces.push(event.data));
    recording.addEventListener("stop", () => {
      clearInterval(clock);
      clearTimeout(end);
      for (const track of stream.getTracks()) track.stop();
      this.recording = null;
      const type = recording.mimeType.split(";")[0] || "audio/webm";
      this.onDone(pieces.length ? new File(pieces, `voice.${ENDINGS[type] ?? "webm"}`, { type }) : null);
    });
    this.recording = recording;
    recording.start();
    this.onTime(0);
  }

  stop() {
    if (this.recording?.state === "recording") this.recording.stop();
  }
}
