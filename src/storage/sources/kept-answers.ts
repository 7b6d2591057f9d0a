/** Answers about files that never change, in memory, for whoever asks again. */

/** What builds select of the layers of their bases, over and over. */
const ANSWERS_MAX = 1000;

/** Answers by what was asked, the newest of them. */
export class KeptAnswers<T> {
  readonly #answers = new Map<string, T>();

  /** The answers about one subject. */
  about(subject: string): { get(asked: string): T | undefined; set(asked: string, answer: T): void } {
    const answers = this.#answers;
    return {
      get: (asked) => answers.get(`${subject} ${asked}`),
      set(asked, answer) {
        answers.set(`${subject} ${asked}`, answer);
        const [oldest] = answers.keys();
        if (answers.size > ANSWERS_MAX) answers.delete(oldest!);
      },
    };
  }
}
