/** Search, what was asked and not answered, and the article that mends it. Above: app. Below: api. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api";
import { fill } from "../i18n";
import { languageName, number } from "../time";
import { safeUrl } from "../../../src/view/text";
import type { Gap, Passage, Proposal } from "../types";
import { useHouse, useLoad } from "./context";
import { Text } from "./words";

export function Knowledge() {
  const { store, w, language } = useHouse();
  const { got, failed, again } = useLoad(() => store.api.get<{ gaps: Gap[] }>("/knowledge/gaps", { days: 30 }), []);
  const [article, setArticle] = useState<Gap | "new" | null>(null);
  const can = store.has("POST /knowledge/documents");
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <header class="head"><h1>{w.knowledge}</h1>{can ? <button onClick={() => setArticle("new")}>{w.writeArticle}</button> : null}</header>
      {article ? <Article key={article === "new" ? "" : article.title} gap={article === "new" ? null : article} onClose={() => { setArticle(null); again(); }} /> : null}
      <Search />
      {store.has("GET /knowledge/drafts") ? <Proposals /> : null}
      <h2>{w.gaps}</h2>
      {failed ? <div class="acts"><button onClick={again}>{w.retry}</button></div> : null}
      {got?.gaps.length === 0 ? <p class="empty">{w.noGaps}</p> : null}
      <div class="cards">
        {got?.gaps.map((gap) => (
          <article class="panel">
            <h3 dir="auto">{gap.title}</h3>
            <p class="dim">{[fill(w.asked, { n: gap.count }), gap.kind === "missing" ? w.missing : w.failing, ...Object.keys(gap.languages).map((code) => languageName(code, language))].join(" · ")}</p>
            {gap.nearest?.title ? <p class="dim">{w.nearest}: {gap.nearest.title}</p> : null}
            <ul>{gap.examples.slice(0, 3).map((text) => <li dir="auto">{text}</li>)}</ul>
            {can ? <button class="small" onClick={() => { setArticle(gap); scrollTo({ top: 0 }); }}>{w.writeArticle}</button> : null}
          </article>
        ))}
      </div>
    </section>
  );
}

/** Answers of people that wait to become articles. */
function Proposals() {
  const { store, w, language } = useHouse();
  const { got, again } = useLoad(() => store.api.get<{ drafts: Proposal[] }>("/knowledge/drafts", { status: "open", limit: 50 }), []);
  const decide = async (one: Proposal, verdict: "accept" | "reject", form?: HTMLFormElement): Promise<void> => {
    const given = form ? new FormData(form) : null;
    const body = given ? { question: String(given.get("question")), answer: String(given.get("answer")) } : {};
    try {
      await store.api.post(`/knowledge/drafts/${one.id}/${verdict}`, body);
      store.say(verdict === "accept" ? w.published : w.rejected);
      again();
    } catch (error) {
      store.say(fill(w.notDone, { why: error instanceof Problem ? error.message : "" }), true);
    }
  };
  if (!got?.drafts.length) return null;
  return (
    <>
      <h2>{w.proposals}</h2>
      <div class="cards">
        {got.drafts.map((one) => (
          <form key={one.id} class="panel stack" onSubmit={(event) => { event.preventDefault(); void decide(one, "accept", event.currentTarget); }}>
            <label>{w.question}<textarea name="question" rows={2} required dir="auto" defaultValue={one.question} /></label>
            <label>{w.answer}<textarea name="answer" rows={5} required dir="auto" defaultValue={one.answer} /></label>
            <p class="dim">{[one.proposed_by, languageName(one.language, language)].filter(Boolean).join(" · ")}{one.conversation ? <> · <a href={`#/c/${one.conversation}`}>{w.openConversation}</a></> : null}</p>
            <div class="acts"><button class="primary">{w.publish}</button><button type="button" class="danger" onClick={() => void decide(one, "reject")}>{w.reject}</button></div>
          </form>
        ))}
      </div>
    </>
  );
}

function Search() {
  const { store, w, language } = useHouse();
  const [found, setFound] = useState<Passage[] | null>(null);
  const look = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const q = String(new FormData(event.currentTarget as HTMLFormElement).get("q")).trim();
    if (q) setFound((await store.api.get<{ passages: Passage[] }>("/knowledge/search", { q, k: 6 }).catch(() => ({ passages: [] }))).passages);
  };
  return (
    <form class="stack" role="search" onSubmit={look}>
      <input name="q" type="search" aria-label={w.searchKnowledge} placeholder={w.searchKnowledge} />
      <div role="status">{found?.length === 0 ? <p class="empty">{w.nothingFound}</p> : null}</div>
      {found?.map((one) => {
        const url = safeUrl(one.url ?? undefined);
        return (
          <article class="panel hit">
            <h3>{url ? <a href={url.href} target="_blank" rel="noopener noreferrer nofollow">{one.title}</a> : one.title}<span class="dim"> {one.heading && one.heading !== one.title ? one.heading : ""} {w.score} {number(one.score, language, 2)}</span></h3>
            <Text text={(one.span || one.text) ?? ""} />
          </article>
        );
      })}
    </form>
  );
}

function Article({ gap, onClose }: { gap: Gap | null; onClose: () => void }) {
  const { store, w } = useHouse();
  const [said, setSaid] = useState("");
  const [key] = useState(() => crypto.randomUUID());
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const spoken = Object.entries(gap?.languages ?? {}).sort((one, other) => other[1] - one[1])[0]?.[0];
    const body = { title: String(form.get("title")).trim(), text: String(form.get("text")).trim(), ...(spoken ? { language: spoken } : {}) };
    try {
      await store.api.post("/knowledge/documents", body, key);
      store.say(w.published);
      onClose();
    } catch (error) {
      const forbidden = error instanceof Problem && error.status === 403;
      setSaid(forbidden ? w.adminOnly : fill(w.notDone, { why: error instanceof Problem ? error.message : "" }));
    }
  };
  return (
    <form class="panel stack" onSubmit={save}>
      <h2>{w.writeArticle}</h2>
      {gap ? <ul class="dim">{gap.examples.slice(0, 5).map((text) => <li dir="auto">{text}</li>)}</ul> : null}
      <label>{w.articleTitle}<input name="title" required maxLength={300} defaultValue={gap?.title ?? ""} ref={first} /></label>
      <label>{w.articleText}<textarea name="text" required rows={8} /></label>
      <div class="acts"><button class="primary">{w.save}</button><button type="button" onClick={onClose}>{w.cancel}</button><span role="alert" class="problem">{said}</span></div>
    </form>
  );
}
