"""How results look: words marked in place, scores as bars, errors where they happened, a remark on an old result.

A mark tells itself by its line as well as by its colour: solid for, dashed against, thicker the more. Its ground is
thin enough for the text of the page to keep a contrast of 4.5, in the light and in the dark.
"""

from __future__ import annotations

CSS = """
.scored p { margin: 0 0 10px; }
.scored .headline { font-size: 1.12rem; line-height: 1.5; }
.scored .marked, .marked { font-size: 1.16rem; line-height: 2; white-space: pre-wrap; overflow-wrap: anywhere; }
.fine, .scored .fine { font-size: 0.9rem; line-height: 1.55; color: var(--body-text-color-subdued); }
mark { color: var(--body-text-color); background: none; border-radius: 3px; padding: 1px 3px; }
mark sub { font-size: 0.72em; margin-left: 2px; }
mark.for { border-bottom: 2px solid #0d9488; }
mark.against { border-bottom: 2px dashed #d55e00; }
mark.step2 { border-bottom-width: 3px; }
mark.step3 { border-bottom-width: 4px; }
mark.for.step1 { background: rgba(13,148,136,0.10); }
mark.for.step2 { background: rgba(13,148,136,0.20); }
mark.for.step3 { background: rgba(13,148,136,0.32); }
mark.against.step1 { background: rgba(213,94,0,0.10); }
mark.against.step2 { background: rgba(213,94,0,0.18); }
mark.against.step3 { background: rgba(213,94,0,0.28); }
ol.scores { list-style: none; margin: 0 0 10px; padding: 0; }
ol.scores li { display: grid; grid-template-columns: minmax(5.5em, 30%) 1fr auto; gap: 10px; align-items: center;
  padding: 3px 0; margin: 0; }
ol.scores .name { overflow-wrap: anywhere; }
ol.scores .track { height: 12px; border-radius: 3px; background: rgba(128,128,128,0.2); overflow: hidden; }
ol.scores .track span { display: block; height: 100%; min-width: 1px; background: #0d9488; }
ol.scores data { font-variant-numeric: tabular-nums; min-width: 4.2em; text-align: right; }
.prose table.facts, table.facts { border: none; border-collapse: collapse; width: 100%; margin: 4px 0 10px; }
.prose table.facts :is(th, td, tr), table.facts :is(th, td, tr) { border: none; background: none; text-align: left;
  vertical-align: top; padding: 5px 14px 5px 0; overflow-wrap: anywhere; }
.prose table.facts tr + tr, table.facts tr + tr, table.facts tbody tr:first-child {
  border-top: 1px solid var(--border-color-primary); }
table.facts caption { text-align: left; font-weight: 600; padding: 6px 0; }
table.facts th { font-weight: 600; min-width: 6em; overflow-wrap: normal; }
table.facts thead th { color: var(--body-text-color-subdued); font-weight: 400; }
.trouble p { margin: 0; padding: 8px 12px; border-left: 3px solid #dc2626; }
.trouble:not(:has(p)) { display: none; }
.block.old { display: none; }
.block.old.on { display: block; }
.row.examples { gap: 8px; flex-wrap: wrap; }
.row.examples > * { flex: 0 1 auto; }
@media (max-width: 500px) {
  .scored .marked, .marked { font-size: 1.05rem; }
  table.facts th { min-width: 4em; }
}
"""
