// Where a message is written: text, files (button, paste, drop), a voice message, editing an earlier message.
import { el, icon, sayAs, size } from "./dom.js";
import { t } from "./i18n.js";
import { canRecord, Recorder } from "./recorder.js";

const TEXT_BYTES = 64 * 1024;
const FILE_BYTES = 10 * 1024 * 1024;
const FILES = 5;

export class Composer {
  /** `speaks`: whether voice messages may be recorded; `onSend({text, files, editing})`; `onUp()` gives the message that the up key edits. */
  constructor({ placeholderKey, speaks, onSend, onUp }) {
    Object.assign(this, { onSend, onUp, speaks: speaks && canRecord() });
    this.files = [];
    this.editing = null;
    this.text = el("textarea", { rows: "1", placeholderKey, label: placeholderKey, autocomplete: "off", on: { input: () => this.changed(), keydown: (event) => this.key(event), paste: (event) => this.paste(event) } });
    this.chooser = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", on: { change: () => this.chosen() } });
    this.attach = el("button", { type: "button", class: "icon-button", label: "attach", on: { click: () => this.chooser.click() } }, icon("clip"));
    this.recorder = new Recorder({ onTime: (seconds) => this.drawRecording(seconds), onDone: (file) => this.recorded(file) });
    this.microphone = el("button", { type: "button", class: "icon-button microphone", label: "record", "aria-pressed": "false", hidden: !this.speaks, on: { click: () => this.record() } }, icon("microphone"));
    this.button = el("button", { type: "submit", class: "icon-button send", label: "send", disabled: true }, icon("send"));
    this.above = el("div");
    this.complaint = el("p", { class: "complaint", role: "alert", hidden: true });
    this.root = el(
      "form",
      { class: "composer", on: { submit: (event) => this.submit(event) } },
      this.above,
      this.complaint,
      el("div", { class: "field" }, this.chooser, this.attach, this.microphone, this.text, this.button),
    );
    this.acceptDrops();
  }

  placeholder(key) {
    sayAs(this.text, "placeholder", key);
    sayAs(this.text, "label", key);
  }

  get isEmpty() {
    return !this.text.value.trim() && this.files.length === 0;
  }

  changed() {
    this.button.disabled = this.isEmpty;
    this.complaint.hidden = true;
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 160)}px`;
  }

  key(event) {
    // a key that ends the choice of a Chinese character is not the end of the message
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.root.requestSubmit();
    } else if (event.key === "Escape" && this.editing) {
      event.preventDefault();
      this.stopEditing();
    } else if (event.key === "ArrowUp" && this.isEmpty && !this.editing) {
      const message = this.onUp?.();
      if (message) {
        event.preventDefault();
        this.edit(message);
      }
    }
  }

  submit(event) {
    event.preventDefault();
    if (this.isEmpty) return;
    const text = this.text.value.trim();
    if (new Blob([text]).size > TEXT_BYTES) {
      this.complain(t("too_long"));
      return;
    }
    const { files, editing } = this;
    this.clear();
    this.onSend({ text, files, editing });
  }

  clear() {
    this.files = [];
    this.editing = null;
    this.text.value = "";
    this.attach.hidden = false;
    this.microphone.hidden = !this.speaks;
    this.drawAbove();
    this.changed();
  }

  edit(message, text = message.text) {
    this.editing = message;
    this.text.value = text;
    this.attach.hidden = this.microphone.hidden = true;
    this.drawAbove();
    this.changed();
    this.text.focus();
  }

  stopEditing() {
    this.clear();
    this.text.focus();
  }

  complain(text) {
    this.complaint.textContent = text;
    this.complaint.hidden = false;
  }

  chosen() {
    this.add([...this.chooser.files]);
    this.chooser.value = "";
  }

  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      this.add(files);
    }
  }

  acceptDrops() {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    this.root.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.root.classList.add("dropping");
    });
    this.root.addEventListener("dragleave", () => this.root.classList.remove("dropping"));
    this.root.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.root.classList.remove("dropping");
      this.add([...event.dataTransfer.files]);
    });
  }

  add(files) {
    const tooBig = files.find((file) => file.size > FILE_BYTES);
    const room = FILES - this.files.length;
    const fitting = files.filter((file) => file.size <= FILE_BYTES);
    this.files.push(...fitting.slice(0, room));
    this.drawAbove();
    this.changed();
    if (tooBig) this.complain(t("too_big", { name: tooBig.name }));
    else if (fitting.length > room) this.complain(t("too_many"));
  }

  async record() {
    if (this.recorder.isRunning) {
      this.recorder.stop();
      return;
    }
    this.microphone.disabled = true;
    try {
      await this.recorder.start();
      this.microphone.setAttribute("aria-pressed", "true");
      sayAs(this.microphone, "label", "stop_recording");
    } catch {
      this.complain(t("no_microphone"));
    }
    this.microphone.disabled = false;
  }

  recorded(file) {
    this.microphone.setAttribute("aria-pressed", "false");
    sayAs(this.microphone, "label", "record");
    this.add(file ? [file] : []);
  }

  drawRecording(seconds) {
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    this.above.replaceChildren(el("div", { class: "editing" }, el("span", { t: "recording", values: { time } })));
  }

  drawAbove() {
    if (this.editing) {
      const cancel = el("button", { type: "button", class: "icon-button", label: "cancel", on: { click: () => this.stopEditing() } }, icon("close"));
      this.above.replaceChildren(el("div", { class: "editing" }, el("span", { t: "editing" }), cancel));
      return;
    }
    const chips = this.files.map((file) => {
      const remove = el("button", { type: "button", class: "icon-button", label: "remove", on: { click: () => this.drop(file) } }, icon("close"));
      const picture = file.type.startsWith("image/") ? el("img", { src: URL.createObjectURL(file), alt: "" }) : icon("file");
      return el("span", { class: "file" }, picture, el("span", { text: file.name, dir: "auto" }), el("small", { text: size(file.size) }), remove);
    });
    this.above.replaceChildren(...(chips.length ? [el("div", { class: "pending" }, ...chips)] : []));
  }

  drop(file) {
    this.files = this.files.filter((each) => each !== file);
    this.drawAbove();
    this.changed();
  }
}
