/** The dock below the screen: logs and terminals in tabs. */
export function Dock() {
  return null;
}
