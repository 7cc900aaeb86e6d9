"""What the topic tab does in the browser: names that do not overlap, a click on a point, the way to the result.

A chart of Gradio tells nobody of clicks. A click on the map, by mouse or finger, is given to the nearest point, whose
document is typed into the number that opens one: the keyboard's way to the same.
"""

# Only once, whatever loads it. The names come in the order of their weight; one that would lie over an earlier one,
# or beyond the map's edge, is hidden.
WATCH = """() => {
  if (window.topicMapWatched) return;
  window.topicMapWatched = true;
  const near = 24;  // pixels

  const untangle = () => {
    const map = document.querySelector('#document-map .js-plotly-plot');
    if (!map) return;
    const edge = map.getBoundingClientRect(), kept = [];
    for (const name of map.querySelectorAll('.annotation')) {
      const box = name.getBoundingClientRect();
      const apart = kept.every(other => box.right < other.left || other.right < box.left
                                        || box.bottom < other.top || other.bottom < box.top);
      const shown = apart && box.left >= edge.left && box.right <= edge.right && box.width > 0;
      name.style.visibility = shown ? 'visible' : 'hidden';
      if (shown) kept.push(box);
    }
  };
  let planned = 0;
  const plan = () => { cancelAnimationFrame(planned); planned = requestAnimationFrame(untangle); };
  new MutationObserver(changes => {
    if (changes.some(change => change.target.closest?.('#document-map'))) plan();
  }).observe(document.body, {childList: true, subtree: true});
  window.addEventListener('resize', () => setTimeout(plan, 300));
  plan();

  document.addEventListener('click', event => {
    const map = event.target.closest?.('#document-map .js-plotly-plot');
    const field = document.querySelector('#document-number input[type=number]');
    if (!map || !field) return;
    const {xaxis, yaxis} = map._fullLayout, box = map.getBoundingClientRect();
    const x = event.clientX - box.left - xaxis._offset, y = event.clientY - box.top - yaxis._offset;
    let least = near * near, nearest = null;
    for (const group of map._fullData) {
      (group.customdata ?? []).forEach((number, place) => {
        const far = (xaxis.d2p(group.x[place]) - x) ** 2 + (yaxis.d2p(group.y[place]) - y) ** 2;
        if (far < least) { least = far; nearest = number; }
      });
    }
    if (nearest === null) return;
    field.value = nearest;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    field.dispatchEvent(new Event('change', {bubbles: true}));
  });
}"""

# After a press, where the result is not on the screen: not away from an error, which stands beside the button.
SHOW_RESULT = """() => {
  const trouble = document.querySelector('#topics-trouble')?.textContent.trim();
  if (trouble || !window.matchMedia('(max-width: 820px)').matches) return;
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.querySelector('#topics-headline')?.scrollIntoView({behavior: calm ? 'auto' : 'smooth', block: 'start'});
}"""
