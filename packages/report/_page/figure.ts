/**
 * Charts, each with its table.
 *
 * @module
 */
import type { BarsData, LinesData } from "../_client/chart_data.ts";
import { type Html, type HtmlPart, markup } from "../_html.ts";
import type { PageBuilder } from "./builder.ts";

/** A chart and what belongs to it. */
export interface FigureOptions {
  /** What the chart shows, for those who do not see it; and for all unless there is another caption. */
  readonly title: string;
  /** What stands above it. */
  readonly caption?: HtmlPart;
  /** Its data. */
  readonly data: BarsData | LinesData;
  /** The table with the same figures. */
  readonly table: Html;
}

/** A chart, what its colours mean, and the table behind it. */
export function figure(builder: PageBuilder, options: FigureOptions): Html {
  const { title, caption, data, table } = options;
  return markup`<figure class="chart" data-chart="${builder.chart(data)}">
<figcaption>${caption ?? markup`<b>${title}</b>`}</figcaption>
${data.series.length === 1 ? "" : legend(data.series)}
<div class="plot" role="img" aria-label="${title}: the table below has the figures"></div>
<details><summary>The figures as a table</summary>
${table}</details>
</figure>
`;
}

/** What colours mean. */
export function legend(
  entries: readonly { readonly name: string; readonly colour: number }[],
): Html {
  const items = entries.map(({ name, colour }) =>
    markup`<li><span class="swatch c${colour}"></span>${name}</li>`
  );
  return markup`<ul class="legend">${items}</ul>`;
}
