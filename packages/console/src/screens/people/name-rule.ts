/** Names of users, owners and providers. */
export const namePattern = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/;
