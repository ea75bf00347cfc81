"""How the page looks: quiet greys and one colour, light and dark, with the fonts of the system."""

from __future__ import annotations

import gradio as gr

FONTS = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Helvetica Neue", "Arial", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]

THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.indigo,
    neutral_hue=gr.themes.colors.slate,
    radius_size=gr.themes.sizes.radius_md,
    font=FONTS,
    font_mono=MONO,
).set(
    body_background_fill="*neutral_50",
    body_background_fill_dark="*neutral_950",
    block_border_width="1px",
    block_shadow="none",
    block_label_background_fill="transparent",
    block_label_background_fill_dark="transparent",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_500",
    button_primary_text_color="white",
)

CSS = """
.gradio-container { width: 100%; max-width: 1180px !important; margin: 0 auto !important; }
#title h1 { font-size: 1.5rem; font-weight: 650; margin: .4rem 0 0; }
#title p { color: var(--body-text-color-subdued); margin: 0 0 .4rem; }
#generate { flex: 3; } #cancel { flex: 1; }
#status p { margin: .2rem 0; } #status b { font-weight: 600; }
#status progress { width: 100%; height: .4rem; border: 0; border-radius: 1rem; overflow: hidden; appearance: none;
  background: var(--border-color-primary); }
#status progress::-webkit-progress-bar { background: transparent; }
#status progress::-webkit-progress-value { background: var(--color-accent); border-radius: 1rem; }
#status progress::-moz-progress-bar { background: var(--color-accent); border-radius: 1rem; }
#status progress:indeterminate { background: linear-gradient(90deg, transparent 35%, var(--color-accent) 50%,
  transparent 65%) 0 / 300% var(--border-color-primary); animation: passing 1.6s linear infinite; }
#status progress:indeterminate::-moz-progress-bar { background: transparent; }
@keyframes passing { from { background-position: 100% 0; } to { background-position: 0 0; } }
#status .problem { border-left: 3px solid #d64545; padding: .3rem .8rem; background: rgb(214 69 69 / .08); }
#live iframe, #rest img { display: block; width: 100%; aspect-ratio: 1; max-height: 62vh; border: 0;
  border-radius: var(--radius-lg); }
#rest img { object-fit: contain; background: #fff; }
#live iframe { background: #fff url(head.jpg) center / contain no-repeat; color-scheme: light; }
#head iframe { width: 100%; height: min(60vh, 30rem); border: 0; border-radius: var(--radius-lg);
  background: var(--background-fill-secondary); }
#film video { max-height: 62vh; }
footer { display: none !important; }
"""

HEAD = """
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
<script>
// The film goes on where its live pictures are, whose player notes that down in this window.
addEventListener("loadedmetadata", ({ target }) => {
  if (!target.closest("#film")) return;
  const place = window.livePlace || 0;
  window.livePlace = 0;
  if (place > 0 && place < target.duration - 0.2) target.currentTime = place;
}, true);
// Whoever presses Generate at the end of a long text sees what comes of it.
addEventListener("click", ({ target }) => {
  if (target.closest("#generate")) document.getElementById("status").scrollIntoView({ block: "nearest" });
}, true);
</script>
"""
