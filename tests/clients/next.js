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

window.told = (async () => {
  await analytics.setAnonymousId(`${who}-stranger`);
  await analytics.track("Product Viewed", {}, options);
  await analytics.identify(who, traits, options);
  await analytics.track("Order Completed", order, options);
  await analytics.page("Shop", "Tea", { url: "https://tea.example/green" }, options);
  await analytics.screen("App", "Basket", {}, options);
  await analytics.group("acme", { name: "ACME" }, options);
  await analytics.alias(who, `${who}-before`, options);
})();
