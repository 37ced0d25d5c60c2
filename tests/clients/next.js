// Tells the story of story.py through Segment's library for browsers, bundled as a shop would bundle it.
import { AnalyticsBrowser } from "@segment/analytics-next";

const settings = document.currentScript.dataset;
const { at, order, traits } = JSON.parse(settings.facts);
const who = settings.who;
const options = { timestamp: new Date(at) };
const analytics = AnalyticsBrowser.load(
  { writeKey: settings.key, cdnSettings: { integrations: { "Segment.io": { apiKey: settings.key } } } },
  { integrations: { "Segment.io": { apiHost: settings.host, protocol: "http" } } },
);

window.tell = () => {
  analytics.setAnonymousId(`${who}-stranger`);
  return Promise.all([
    analytics.track("Product Viewed", {}, options),
    analytics.identify(who, traits, options),
    analytics.track("Order Completed", order, options),
    analytics.page("Shop", "Tea", { url: "https://tea.example/green" }, options),
    analytics.screen("App", "Basket", {}, options),
    analytics.group("acme", { name: "ACME" }, options),
    analytics.alias(who, `${who}-before`, options),
  ]);
};
