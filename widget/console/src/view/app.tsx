/** The frame: pages, keys, notices. Above: main. Below: the views. */
import { useEffect, useState } from "preact/hooks";
import { fill } from "../i18n";
import { Approvals } from "./approvals";
import { Autonomy } from "./autonomy";
import { Contacts } from "./contacts";
import { useChanges, useHouse } from "./context";
import { ConversationView } from "./conversation";
import { Icon, Mark, type IconName } from "./icons";
import { useKeys } from "./keys";
import { Knowledge } from "./knowledge";
import { readPlace, type Page } from "./place";
import { Queue, rests } from "./queue";
import { Report } from "./report";
import { Settings } from "./settings";
import { Specialists } from "./specialists";
import { Stats } from "./stats";
import { Tickets } from "./tickets";

/** Pages that stand under another in the menu. */
const ABOVE: Partial<Record<Page, Page>> = { autonomy: "specialists", report: "stats" };

export function App({ onLanguage, onOut }: { onLanguage: (language: string) => void; onOut: () => void }) {
  const { store, w } = useHouse();
  useChanges(store);
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const move = (): void => setPlace(readPlace());
    addEventListener("hashchange", move);
    return () => removeEventListener("hashchange", move);
  }, []);
  const talk = place.page === "inbox" ? place.id : null;
  useEffect(() => void store.open(talk), [talk]);
  useKeys(store);
  useEffect(() => {
    const waiting = store.cases?.filter((one) => one.waiting && !rests(one)).length ?? 0;
    document.title = waiting ? `(${waiting}) ${w.title}` : w.title;
  });
  const goTo = (id: string): void => {
    location.hash = `#/c/${id}`;
  };
  return (
    <div class={`app ${place.page} ${talk ? "has-open" : ""}`}>
      <a class="skip" href="#talk" onClick={(event) => { event.preventDefault(); document.getElementById("talk")?.focus(); }}>{w.skip}</a>
      <Nav page={place.page} />
      <main>
        {place.page === "inbox" ? (
          <>
            <Queue onOpen={goTo} current={place.id} />
            {store.opened && place.id ? (
              <ConversationView opened={store.opened} onBack={() => (location.hash = "#/inbox")} />
            ) : (
              <section class="talk none" id="talk" tabIndex={-1}><div class="empty"><Mark /><h1>{w.choose}</h1><p>{w.chooseHint}</p></div></section>
            )}
          </>
        ) : null}
        {place.page === "approvals" ? <Approvals /> : null}
        {place.page === "knowledge" ? <Knowledge /> : null}
        {place.page === "tickets" ? <Tickets id={place.id} /> : null}
        {place.page === "specialists" ? <Specialists /> : null}
        {place.page === "autonomy" ? <Autonomy /> : null}
        {place.page === "stats" ? <Stats /> : null}
        {place.page === "report" ? <Report /> : null}
        {place.page === "contacts" ? <Contacts id={place.id} /> : null}
        {place.page === "more" ? <Settings onLanguage={onLanguage} onOut={onOut} /> : null}
      </main>
      <div class="notices" role="status">
        {!store.online ? <p class="notice bad">{w.offline}</p> : null}
        {store.notice ? (
          <p class={store.notice.bad ? "notice bad" : "notice"}>
            {store.notice.text}
            <button class="quiet icon-only" aria-label={w.close} onClick={() => store.say("")}><Icon name="close" /></button>
          </p>
        ) : null}
      </div>
    </div>
  );
}

function Nav({ page }: { page: Page }) {
  const { store, w } = useHouse();
  const links: [Page, IconName, string, string | null][] = [
    ["inbox", "inbox", w.inbox, null],
    ["approvals", "check", w.approvals, "GET /approvals"],
    ["knowledge", "book", w.knowledge, "GET /knowledge/gaps"],
    ["tickets", "ticket", w.tickets, "GET /tickets"],
    ["contacts", "card", w.contacts, "GET /contacts"],
    ["specialists", "people", w.specialists, "GET /specialists"],
    ["stats", "chart", w.stats, "GET /stats"],
    ["more", "settings", w.more, null],
  ];
  const waiting = store.cases?.filter((one) => one.waiting && !rests(one)).length ?? 0;
  return (
    <nav aria-label="Switchboard">
      <Mark />
      {links.filter(([, , , route]) => route === null || store.has(route)).map(([name, drawing, label]) => (
        <a key={name} href={`#/${name}`} aria-current={page === name || ABOVE[page] === name ? "page" : undefined}>
          <Icon name={drawing} />
          <span>{label}</span>
          {name === "inbox" && waiting ? <b class="dot">{waiting}</b> : null}
        </a>
      ))}
      {store.has("PUT /duty") ? (
        <button
          class="quiet duty" role="switch" aria-checked={store.isOnDuty} disabled={!store.online}
          title={fill(w.onDutyNow, { names: store.people.map((one) => one.name).join(", ") || "–" })}
          onClick={() => void store.goOnDuty(!store.isOnDuty).catch(() => store.say(w.serverAway, true))}
        >
          <i /><span>{store.isOnDuty ? w.onDuty : w.offDuty}</span>
        </button>
      ) : null}
    </nav>
  );
}
