/* Page side of the permission dialog's specs: asks with it as a PluginHost does, and keeps what it answers. */
const controllers = [];
export const answers = [];

let ask;

/** Makes the policy that `request` asks. */
export function prepare(prompt, options) {
  ask = prompt.askWithDialog(options);
}

/** Asks and does not wait. Its answer will stand in `answers` where the returned number says. */
export function request(given) {
  const controller = new AbortController();
  const index = controllers.push(controller) - 1;
  answers[index] = null;
  ask({ previous: [], optional: true, ...given, signal: controller.signal }).then(
    (answer) => (answers[index] = answer),
    (error) => (answers[index] = { error: String(error) }),
  );
  return index;
}

export function abort(index) {
  controllers[index].abort();
}
