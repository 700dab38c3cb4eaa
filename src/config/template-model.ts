/**
 * Text in which `{name}` stands for a variable of the request; `{{name}}` writes the braces. Names are NGINX's (`{host}`,
 * `{uri}`, `{arg_page}`, `{http_user_agent}`), captures (`{1}`, `{name}`), those of `variables` and those that rules set.
 */
export type Template = string;
