/**
 * The style of the picture of a kick.
 *
 * @module
 */

/** CSS. */
export const kickStyle: string = `
.kick .tools label { display: inline-flex; gap: 8px; align-items: center; flex: 1 1 240px; }
.kick input[type=range] { flex: 1 1 auto; min-width: 0; }
.kick output { flex: 1 1 100%; color: var(--soft); font-size: 13px; min-height: 1.6em; }
.paths { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 16px;
  align-items: start; }
.path { border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; min-width: 0; }
.path > .lead { margin: 0 0 8px; } .path > .lead b { color: var(--text); font-size: 18px; }
.path.over { border-color: var(--good); box-shadow: 0 0 0 1px var(--good); }
.path > ol { list-style: none; margin: 0; padding: 0; }
.path > ol > li { position: relative; padding: 0 0 12px 22px; border-left: 2px solid var(--line); margin-left: 6px; }
.path > ol > li:last-child { border-color: transparent; padding-bottom: 4px; }
.path > ol > li::before { content: ""; position: absolute; left: -7px; top: 5px; width: 12px; height: 12px;
  border-radius: 50%; background: var(--c0); border: 2px solid var(--card); forced-color-adjust: none; }
.path li.guest::before { background: var(--c3); } .path li.vmm::before { background: var(--c4); }
.path li p { margin: 0; font-size: 13px; color: var(--soft); }
.step { display: flex; gap: 12px; justify-content: space-between; }
.price { font-variant-numeric: tabular-nums; color: var(--soft); white-space: nowrap; }
.path li.todo { opacity: 0.32; }
.path li.now > .step { background: var(--strip); outline: 2px solid var(--focus); outline-offset: 1px; border-radius: 3px; margin-bottom: 2px; }
.walk { margin: 6px 0 2px; font-size: 12.5px; }
.walk .parts { display: flex; flex-wrap: wrap; gap: 3px 5px; align-items: center; color: var(--text); font-size: 12px; }
.walk .linear { font-family: var(--mono); }
.part { border-radius: 4px; padding: 0 5px; border: 1px solid var(--line); background: var(--strip); }
.walk ol { list-style: none; margin: 6px 0 0; padding: 0; }
.walk li { position: relative; padding: 0 0 6px 0; }
.walk li.l1 { margin-left: 14px; } .walk li.l2 { margin-left: 28px; } .walk li.l3 { margin-left: 42px; }
.walk li.page { margin-left: 42px; }
.walk li:not(:first-child)::before { content: ""; position: absolute; left: -9px; top: -6px; width: 9px; height: 17px;
  border-left: 2px solid var(--soft); border-bottom: 2px solid var(--soft); border-bottom-left-radius: 4px; }
.walk .table { display: flex; flex-wrap: wrap; border: 1px solid var(--line); border-left-width: 4px; border-radius: 4px;
  overflow: hidden; }
.walk .where { flex: 1 1 auto; padding: 1px 6px; } .walk .entry { padding: 1px 6px; background: var(--strip); }
.part.l0, .walk .l0 .table { border-color: var(--c0); } .part.l1, .walk .l1 .table { border-color: var(--c6); }
.part.l2, .walk .l2 .table { border-color: var(--c5); } .part.l3, .walk .l3 .table { border-color: var(--c7); }
.part.offset, .walk .page .table { border-color: var(--c3); }
.trace { margin: 0; padding-left: 16px; font-size: 12px; } .trace code { overflow-wrap: anywhere; }
`;
