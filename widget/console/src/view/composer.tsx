/** Where a person writes: to the customer, or a note. Above: conversation. Below: store, keep. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api";
import { fill } from "../i18n";
import { keepUnsent, readUnsent, type Unsent } from "../keep";
import type { Attachment } from "../types";
import { useHouse } from "./context";
import { Icon } from "./icons";

const NOTE = /^note:\s*/iu;
const REPLY = /^reply:\s*/iu;
const MOST_FILES = 10;

/** Words that were put into the field from elsewhere. */
export interface Given {
  text: string;
  at: number;
  draft?: string;
}
const LONGEST = 4000;

export function Composer({ id, given }: { id: string; given: Given | null }) {
  const { store, w } = useHouse();
  const [unsent, set] = useState<Unsent>(() => readUnsent(id));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [files, setFiles] = useState<Attachment[]>([]);
  const [taking, setTaking] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const change = (next: Unsent): void => {
    set(next);
    keepUnsent(id, next);
  };
  useEffect(() => {
    set(readUnsent(id));
    setFiles([]);
  }, [id]);
  useEffect(() => {
    if (!given) return;
    change({ text: given.text, note: false, ...(given.draft ? { draft: given.draft } : {}) });
    field.current?.focus();
  }, [given?.at]);
  const inside = store.opened?.standing?.all_notes === true && !REPLY.test(unsent.text);
  const asNote = unsent.note || NOTE.test(unsent.text) || inside;
  const take = async (chosen: readonly File[]): Promise<void> => {
    setProblem("");
    for (const file of chosen.slice(0, MOST_FILES - files.length)) {
      setTaking((count) => count + 1);
      try {
        const kept = await store.api.upload(id, file);
        setFiles((known) => [...known, kept]);
      } catch (error) {
        setProblem(fill(w.notTaken, { name: file.name, why: error instanceof Problem ? error.message : "" }));
      }
      setTaking((count) => count - 1);
    }
  };
  const owner = store.opened?.head?.owner;
  const send = async (): Promise<void> => {
    const text = unsent.text.replace(NOTE, "").replace(REPLY, "").trim();
    if ((!text && !files.length) || busy || taking) return;
    setBusy(true);
    setProblem("");
    const answer = await store.send(id, { ...unsent, text, note: asNote }, files);
    setBusy(false);
    if (answer === null) {
      set({ text: "", note: false });
      setFiles([]);
      field.current?.focus();
      return;
    }
    const kept = readUnsent(id);
    if (answer !== "unsure" && answer.code === "id_reused") delete kept.draft;  // another wording of it went out
    change(kept);
    setProblem(`${w.notSent} ${answer === "unsure" ? w.unsure : answer.message}`);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void send();
    } else if (event.key === "Escape") field.current?.blur();
  };
  return (
    <form class={asNote ? "composer note" : "composer"} onSubmit={(event) => { event.preventDefault(); void send(); }}>
      <div class="modes" role="group">
        <button type="button" aria-pressed={!asNote} onClick={() => change({ text: unsent.text.replace(NOTE, ""), note: false })}>{w.reply}</button>
        <button type="button" id="as-note" aria-pressed={asNote} onClick={() => change({ text: unsent.text, note: true })}><Icon name="lock" />{w.note}</button>
        <span class="dim hint">{inside ? w.insideHint : asNote ? w.noteHint : unsent.draft ? w.fromDraft : owner === "ai" ? w.takesOver : ""}</span>
      </div>
      <textarea
        id="composer" ref={field} rows={3} dir="auto" maxLength={LONGEST} value={unsent.text}
        aria-label={asNote ? w.note : fill(w.replyAs, { name: store.name })}
        placeholder={asNote ? w.noteHint : fill(w.replyAs, { name: store.name })}
        onInput={(event) => {
          change({ text: event.currentTarget.value, note: unsent.note, ...(unsent.draft && event.currentTarget.value ? { draft: unsent.draft } : {}) });
          if (!asNote) store.isTyping();
        }}
        onKeyDown={onKey}
      />
      {files.length || taking ? (
        <ul class="files">
          {files.map((file) => (
            <li key={file.id}><Icon name="clip" />{file.name}
              <button type="button" class="quiet icon-only" aria-label={`${w.remove} ${file.name}`} onClick={() => setFiles(files.filter((one) => one !== file))}><Icon name="close" /></button>
            </li>
          ))}
          {taking ? <li class="dim">{w.uploading}</li> : null}
        </ul>
      ) : null}
      <div class="foot">
        {store.has("POST /conversations/{id}/attachments") ? (
          <label class="attach" title={w.attach}>
            <input type="file" multiple aria-label={w.attach} onChange={(event) => { void take([...(event.currentTarget.files ?? [])]); event.currentTarget.value = ""; }} />
            <Icon name="clip" />
          </label>
        ) : null}
        <span role="alert" class="problem">{problem}</span>
        <kbd class="dim">Ctrl ↵</kbd>
        <button class="primary" disabled={busy || taking > 0 || (!unsent.text.trim() && !files.length)}><Icon name={asNote ? "lock" : "send"} />{asNote ? w.sendNote : w.send}</button>
      </div>
    </form>
  );
}
