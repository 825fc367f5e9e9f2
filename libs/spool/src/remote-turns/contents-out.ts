/** Which contents are out in turns now: nobody is given any other. */
export class ContentsOut {
  readonly #counts = new Map<string, number>()

  has(content: string): boolean {
    return this.#counts.has(content)
  }

  add(content: string): void {
    this.#counts.set(content, (this.#counts.get(content) ?? 0) + 1)
  }

  remove(content: string): void {
    const left = (this.#counts.get(content) ?? 1) - 1
    if (left > 0) this.#counts.set(content, left)
    else this.#counts.delete(content)
  }
}
