/** Small plots, drawn by our own hand in SVG, each with its numbers in words. Above: views. */
import { number } from "../time";
import { useHouse } from "./context";

const RANK: Record<string, number> = { positive: 0, neutral: 1, negative: 2, frustrated: 3, angry: 4 };

/** How the mood went: up is good. */
export function Mood({ moods, label }: { moods: readonly string[]; label: string }) {
  const at = (mood: string, index: number): [number, number] => [4 + (index * 72) / Math.max(1, moods.length - 1), 4 + (RANK[mood] ?? 1) * 5];
  const points = moods.map(at);
  return (
    <svg class="spark" viewBox="0 0 80 28" role="img" aria-label={label}>
      <polyline points={points.map((point) => point.join(",")).join(" ")} />
      {points.map(([x, y], index) => <circle cx={x} cy={y} r={index === points.length - 1 ? 3 : 1.6} />)}
    </svg>
  );
}

/** Where the milliseconds of a turn went. */
export function Stages({ stages, total }: { stages: Record<string, number>; total: number }) {
  const { language } = useHouse();
  const parts = Object.entries(stages).filter(([, value]) => value > 0);
  let from = 0;
  return (
    <figure class="stages">
      <svg viewBox="0 0 300 14" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([name, value], index) => {
          const width = (300 * value) / Math.max(total, 0.001);
          const x = from;
          from += width;
          return <rect key={name} class={`hue${index % 6}`} x={x} y={0} width={Math.max(width - 1, 0.5)} height={14} />;
        })}
      </svg>
      <figcaption>
        <b>{number(total, language)} ms</b>
        <ul>{parts.map(([name, value], index) => <li><i class={`hue${index % 6}`} />{name.replaceAll("_", " ")} <span class="dim">{number(value, language, 1)}</span></li>)}</ul>
      </figcaption>
    </figure>
  );
}

const WIDE = 760;
const NARROW = 300;

type Pairs = readonly (readonly [string, number])[];

/** The numbers behind a plot, for who cannot see it or wants them to the digit. */
function Numbers({ title, heads, rows }: { title: string; heads: readonly string[]; rows: readonly (readonly (string | number)[])[] }) {
  const { w } = useHouse();
  return (
    <details class="behind">
      <summary>{w.numbers}</summary>
      <div tabIndex={0} role="group" aria-label={title}>
        <table>
          <thead><tr><th scope="col"><span class="hidden">{title}</span></th>{heads.map((head) => <th scope="col">{head}</th>)}</tr></thead>
          <tbody>{rows.map(([name, ...values]) => <tr><th scope="row">{name}</th>{values.map((value) => <td>{value}</td>)}</tr>)}</tbody>
        </table>
      </div>
    </details>
  );
}

interface Frame {
  most: number;
  names: readonly string[];
  width: number;
  digits: number;
}

/** Grid and ticks, and where a value stands. */
const height = (value: number, most: number): number => 160 - (value * 145) / most;

function Axes({ most, names, width, digits }: Frame) {
  const { language } = useHouse();
  const step = niceStep(most);
  const lines = Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, index) => index * step);
  const every = Math.ceil(names.length / 6);
  const wide = width / Math.max(1, names.length);
  return (
    <>
      {lines.map((value) => (
        <g><line class="grid" x1={0} x2={width} y1={height(value, most)} y2={height(value, most)} /><text class="tick" x={-6} y={height(value, most) + 4} text-anchor="end">{number(value, language, digits)}</text></g>
      ))}
      {names.map((name, index) => (index % every === 0 ? <text class="tick" x={index * wide + wide / 2} y={178} text-anchor="middle">{name}</text> : null))}
    </>
  );
}

/** Columns over time, or over the steps of a scale. */
export function Columns({ title, data, digits = 0, narrow = false }: { title: string; data: Pairs; digits?: number; narrow?: boolean }) {
  const { language } = useHouse();
  const most = Math.max(digits ? 1e-4 : 1, ...data.map(([, value]) => value));
  const full = narrow ? NARROW : WIDE;
  const width = full / Math.max(1, data.length);
  return (
    <figure class={narrow ? "plot" : "plot wide"}>
      <figcaption>{title}</figcaption>
      <svg viewBox={`-44 0 ${full + 50} 184`} aria-hidden="true">
        <Axes most={most} names={data.map(([name]) => name)} width={full} digits={digits} />
        {data.map(([name, value], index) => (
          <rect class="hue0" x={index * width + width * 0.15} width={width * 0.7} y={height(value, most)} height={Math.max(0, 160 - height(value, most))} rx={2}><title>{`${name}: ${number(value, language, digits)}`}</title></rect>
        ))}
      </svg>
      <Numbers title={title} heads={[title]} rows={data.map(([name, value]) => [name, number(value, language, digits)])} />
    </figure>
  );
}

/** Several lines over the same time. */
export function Lines({ title, names, series }: { title: string; names: readonly string[]; series: readonly (readonly [string, readonly number[]])[] }) {
  const { language } = useHouse();
  const most = Math.max(1, ...series.flatMap(([, values]) => values));
  const width = WIDE / Math.max(1, names.length);
  const at = (value: number, index: number): string => `${(index + 0.5) * width},${height(value, most)}`;
  return (
    <figure class="plot wide">
      <figcaption>{title}<ul class="legend">{series.map(([name], index) => <li><i class={`hue${index}`} />{name}</li>)}</ul></figcaption>
      <svg viewBox={`-44 0 ${WIDE + 50} 184`} aria-hidden="true">
        <Axes most={most} names={names} width={WIDE} digits={0} />
        {series.map(([name, values], index) => (
          <g class={`stroke${index}`}>
            <polyline points={values.map(at).join(" ")} />
            {values.map((value, place) => <circle cx={(place + 0.5) * width} cy={height(value, most)} r={3}><title>{`${name}, ${names[place]}: ${number(value, language)}`}</title></circle>)}
          </g>
        ))}
      </svg>
      <Numbers title={title} heads={series.map(([name]) => name)} rows={names.map((name, place) => [name, ...series.map(([, values]) => number(values[place] ?? 0, language))])} />
    </figure>
  );
}

/** Parts of a whole, in one bar. */
export function Share({ title, data }: { title: string; data: Pairs }) {
  const { language } = useHouse();
  const sum = data.reduce((all, [, value]) => all + value, 0);
  let from = 0;
  return (
    <figure class="plot share">
      <figcaption>{title}</figcaption>
      <svg viewBox="0 0 300 22" preserveAspectRatio="none" aria-hidden="true">
        {sum === 0 ? <rect class="none" width={300} height={22} /> : data.map(([name, value], index) => {
          const width = (300 * value) / sum;
          const x = from;
          from += width;
          return value ? <rect class={`hue${index}`} x={x} width={Math.max(0.5, width - 1)} height={22}><title>{`${name}: ${value}`}</title></rect> : null;
        })}
      </svg>
      <table><tbody>
        {data.map(([name, value], index) => (
          <tr><th scope="row"><i class={`hue${index}`} />{name}</th><td>{number(value, language)}</td><td class="dim">{number((100 * value) / Math.max(1, sum), language)} %</td></tr>
        ))}
      </tbody></table>
    </figure>
  );
}

/** Bars of names, the longest on top. */
export function Bars({ title, data }: { title: string; data: readonly (readonly [string, number])[] }) {
  const { language } = useHouse();
  const rows = [...data].sort((one, other) => other[1] - one[1]).slice(0, 8);
  const most = Math.max(1, ...rows.map(([, value]) => value));
  const sum = Math.max(1, data.reduce((all, [, value]) => all + value, 0));
  if (rows.length === 0) return null;
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <table>
        <tbody>
          {rows.map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="hue0" width={(100 * value) / most} height={8} rx={1} /></svg></td>
              <td>{number(value, language)}</td>
              <td class="dim">{number((100 * value) / sum, language)} %</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => most / one <= 5) ?? power * 10;
  return most >= 5 ? Math.max(1, step) : most >= 1 ? 1 : step;
}
