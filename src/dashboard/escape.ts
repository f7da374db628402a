import Handlebars from 'handlebars';

/** As the templates escape: for the few places that make HTML themselves. */
export const escapeHtml = (text: string): string => Handlebars.escapeExpression(text);
