/** Tastes, shortcuts, and the way out. Above: app. Below: keep. */
import { fill, LANGUAGES } from "../i18n";
import { tastes } from "../keep";
import { useHouse } from "./context";
import { Icon } from "./icons";

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = tastes.get("theme") ?? "system";
}

export function Settings({ onLanguage, onOut }: { onLanguage: (language: string) => void; onOut: () => void }) {
  const { store, w, language } = useHouse();
  const keys: [string, string][] = [
    ["J", w.kNext], ["K", w.kPrevious], ["R", w.kReply], ["N", w.kNote], ["T", w.kTake], ["G", w.kRelease],
    ["E", w.kResolve], ["/", w.kSearch], ["Esc", w.kBack], ["Ctrl ↵", w.kSend], ["?", w.kHelp],
  ];
  return (
    <section class="page narrow" id="talk" tabIndex={-1}>
      <h1>{w.more}</h1>
      <p>{fill(w.signedInAs, { name: store.name })}</p>
      <div class="stack panel">
        <label>{w.language}
          <select value={language} onChange={(event) => onLanguage(event.currentTarget.value)}>
            {Object.entries(LANGUAGES).map(([code, { name }]) => <option value={code} lang={code}>{name}</option>)}
          </select>
        </label>
        <label>{w.theme}
          <select defaultValue={tastes.get("theme") ?? "system"} onChange={(event) => { tastes.set("theme", event.currentTarget.value); applyTheme(); }}>
            <option value="system">{w.system}</option><option value="light">{w.light}</option><option value="dark">{w.dark}</option>
          </select>
        </label>
        <button onClick={onOut}><Icon name="out" />{w.signOut}</button>
      </div>
      <h2>{w.shortcuts}</h2>
      <dl class="keys">{keys.map(([key, text]) => <div><dt><kbd>{key}</kbd></dt><dd>{text}</dd></div>)}</dl>
    </section>
  );
}
