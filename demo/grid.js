const GAP = 12;
const RATIO = 16 / 9;
// Tiles on a narrow stage may be nearly square, so that two people fill a phone.
const RATIO_NARROW = 4 / 3;

/** The widest tiles with which `count` of them fit into a stage: { width, height }. */
export function tileSize(count, stageWidth, stageHeight) {
  const ratio = stageWidth < stageHeight ? RATIO_NARROW : RATIO;
  let best = { width: 0, height: 0 };
  for (let columns = 1; columns <= count; ++columns) {
    const rows = Math.ceil(count / columns);
    const widthMax = (stageWidth - GAP * (columns - 1)) / columns;
    const heightMax = (stageHeight - GAP * (rows - 1)) / rows;
    const width = Math.floor(Math.min(widthMax, heightMax * ratio));
    if (width > best.width) best = { width, height: Math.floor(width / ratio) };
  }
  return best;
}

/** Keeps the tiles of people as large as they can be; screens are laid out by the style sheet. */
export class Grid {
  #stage;
  #observer = null;

  constructor(stage) {
    this.#stage = stage;
    this.#observer = new ResizeObserver(() => this.arrange());
    this.#observer.observe(stage);
  }

  arrange() {
    const stage = this.#stage;
    const people = stage.querySelectorAll('.tile:not(.screen)').length;
    stage.classList.toggle('presenting', stage.querySelector('.tile.screen') !== null);
    const { width, height } = tileSize(people, stage.clientWidth, stage.clientHeight);
    stage.style.setProperty('--tile-width', `${width}px`);
    stage.style.setProperty('--tile-height', `${height}px`);
  }

  close() {
    this.#observer.disconnect();
  }
}
