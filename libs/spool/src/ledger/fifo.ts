/** First in, first out, without moving what is behind the head; or in order, where there is one. */
export class Fifo<T> {
  readonly #isBefore: ((a: T, b: T) => boolean) | undefined
  #items: T[] = []
  #head = 0

  /** @param isBefore what goes first, though it came later */
  constructor(isBefore?: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  /** What `shift` would give. */
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    const last = this.#items.at(-1)
    if (last === undefined || this.#isBefore?.(item, last) !== true) this.#items.push(item)
    else this.#items.splice(this.#placeOf(item, this.#isBefore), 0, item)
  }

  /** Drops whatever does not hold. */
  retain(holds: (item: T) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter(holds)
    this.#head = 0
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#head += 1
    const isEmpty = this.#head === this.#items.length
    if (isEmpty || (this.#head > 1_024 && this.#head * 2 > this.#items.length)) {
      this.#items = isEmpty ? [] : this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  #placeOf(item: T, isBefore: (a: T, b: T) => boolean): number {
    let [low, high] = [this.#head, this.#items.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(item, this.#items[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
}
