/** What is told while mail is carried: by whom it is watched, and how often he is told, is not known here. */
export interface Step {
  readonly phase: 'copying' | 'comparing'
  /** `mailstore.record`, `mailstore.content`. */
  readonly work: string
  /** Rows, or contents, so far; of how many, about; 0 where nobody knows. */
  readonly done: number
  readonly about: number
  /** Octets of contents, in this run. */
  readonly octets: number
}

export interface Watcher {
  at(step: Step): void
}
