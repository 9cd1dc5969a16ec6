/**
 * Watches the sequence numbers of one stream and says what each packet means for it. The relay
 * keeps the order of a sender, so a number left out is a packet lost.
 */
export class Sequence {
  #last = null;
  /** Packets lost so far. */
  lost = 0;

  /**
   * 'next' in order, also the first; 'gap' if some were lost before it; 'stale' if it is older
   * than what was seen. A number far below is a sender that began anew: 'restart'.
   */
  accept(number) {
    const last = this.#last;
    if (last !== null && number <= last) {
      // A late packet is a few behind; a restarted sender counts from about zero.
      if (last - number < RESTART_DISTANCE && number !== 0) return 'stale';
      this.#last = number;
      return 'restart';
    }
    this.#last = number;
    if (last === null || number === last + 1) return 'next';
    this.lost += number - last - 1;
    return 'gap';
  }
}

const RESTART_DISTANCE = 64;
