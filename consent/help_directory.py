"""Who can help, by country: only names, numbers and facts that are certain."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Organisation:
    name: str | Promise
    for_whom: Promise
    does: Promise
    phone: str = ""
    site: str = ""

    @property
    def dialled(self) -> str:
        return self.phone.replace(" ", "").replace("-", "")

    @property
    def shown(self) -> str:
        """The site's address as people say it."""
        return self.site.removeprefix("https://").removeprefix("www.").rstrip("/")


@dataclass(frozen=True)
class Country:
    id: str
    name: Promise
    organisations: tuple[Organisation, ...]
    law: Promise | str = ""


STOPNCII = Organisation(
    "StopNCII.org",
    _("For adults, in any country"),
    _(
        "For an intimate image of you, real or made by AI. Your device makes a fingerprint of it, the image stays with "
        "you, and large platforms that take part look for copies and remove them."
    ),
    site="https://stopncii.org/",
)
TAKE_IT_DOWN = Organisation(
    "Take It Down",
    _("For images of someone under 18, in any country, also years later"),
    _(
        "Run by NCMEC. The same for nude or sexual images taken before you were 18: a fingerprint is made on your "
        "device, anonymously, and platforms that take part look for copies."
    ),
    site="https://takeitdown.ncmec.org/",
)

FRANCE = Country(
    "france",
    _("France"),
    (
        Organisation(
            "3018",
            _("For young people, their parents, and anyone hurt online"),
            _(
                "Free, anonymous and confidential, every day. Listens, advises, and can have content and accounts "
                "removed quickly by the platforms."
            ),
            "3018",
            "https://3018.fr/",
        ),
        Organisation(
            "119 – Allô enfance en danger",
            _("For children in danger or at risk, and anyone worried about a child"),
            _("Free and confidential, day and night. The call does not show on the telephone bill."),
            "119",
            "https://www.allo119.gouv.fr/",
        ),
        Organisation(
            "Pharos",
            _("For anyone who sees illegal content online"),
            _(
                "The police’s site for reporting. It opens investigations and can have content removed. In an "
                "emergency, call 17 or 112 instead."
            ),
            site="https://www.internet-signalement.gouv.fr/",
        ),
        Organisation(
            "Point de Contact",
            _("For anyone who sees illegal content online, intimate images among it"),
            _(
                "An association that examines reports, anonymous ones too, and asks for removal. Platforms must treat "
                "its reports first: it is a trusted flagger under European law."
            ),
            site="https://www.pointdecontact.net/",
        ),
        Organisation(
            "3919 – Violences Femmes Info",
            _("For women who suffer violence, and those around them"),
            _("Free and anonymous, day and night. The call does not show on the telephone bill."),
            "3919",
        ),
        Organisation(
            "116 006 – France Victimes",
            _("For victims of any offence"),
            _("Free and confidential, every day. Explains your rights and finds help near you."),
            "116 006",
            "https://www.france-victimes.fr/",
        ),
    ),
    _(
        "In France, publishing a sexual montage of someone without their consent, made by AI or not, is an offence: "
        "two years of prison and a fine of €60,000, three years and €75,000 when it is spread online (code pénal, "
        "article 226-8-1). Keep proof before it is removed: the address, the date, a screenshot."
    ),
)

EUROPE = Country(
    "europe",
    _("European Union"),
    (
        Organisation(
            _("116 111 – child helpline"),
            _("For children and young people, in most countries of the Union"),
            _("Free. Someone listens, in the language of the country you call from."),
            "116 111",
        ),
        Organisation(
            _("116 006 – help for victims"),
            _("For victims of any offence, in several countries of the Union"),
            _("Free. Informs and directs to help nearby."),
            "116 006",
        ),
        Organisation(
            "INHOPE",
            _("For anyone who sees sexual abuse of a child online"),
            _("Leads to the hotline of your country, which has it removed. You can stay anonymous."),
            site="https://www.inhope.org/",
        ),
        Organisation(
            "Better Internet for Kids",
            _("For young people, parents and teachers"),
            _("Leads to the safer internet centre of your country and its helpline."),
            site="https://better-internet-for-kids.europa.eu/",
        ),
    ),
    _(
        "A platform in the Union must let anyone report illegal content and must tell you its decision. A report needs "
        "the exact address, the reasons, your name and e-mail (not for sexual abuse of a child), and a statement that "
        "you act in good faith (Digital Services Act, article 16)."
    ),
)

UNITED_KINGDOM = Country(
    "uk",
    _("United Kingdom"),
    (
        Organisation(
            "Revenge Porn Helpline",
            _("For adults in the United Kingdom"),
            _("Advises on intimate images shared or threatened to be shared, and helps to have them removed."),
            "0345 6000 459",
            "https://revengepornhelpline.org.uk/",
        ),
        Organisation(
            "Report Remove",
            _("For young people under 18 in the United Kingdom"),
            _(
                "By Childline and the Internet Watch Foundation. Reports a sexual image of yourself so that it can be "
                "found and removed. You can talk to Childline at the same time."
            ),
            "0800 1111",
            "https://www.childline.org.uk/",
        ),
    ),
    _(
        "In the United Kingdom it is an offence to make an intimate image of an adult without their consent, or to ask "
        "someone to make it (Data (Use and Access) Act, section 138, in force since 6 February 2026)."
    ),
)

UNITED_STATES = Country(
    "us",
    _("United States"),
    (
        Organisation(
            "CCRI Image Abuse Helpline",
            _("For people whose intimate images were shared without consent, real or made by AI"),
            _("Confidential advice and support, by the Cyber Civil Rights Initiative."),
            "1-844-878-2274",
            "https://cybercivilrights.org/",
        ),
        Organisation(
            "NCMEC CyberTipline",
            _("For anyone who knows of sexual abuse of a child online"),
            _("Takes reports day and night, and passes them to the police."),
            "1-800-843-5678",
            "https://report.cybertip.org/",
        ),
        Organisation(
            _("988 – Suicide & Crisis Lifeline"),
            _("For anyone who can’t bear it any more"),
            _("Free and confidential, day and night, by call or text message."),
            "988",
        ),
    ),
    _(
        "In the United States a platform must remove an intimate image shared without consent, made by AI or not, and "
        "its known identical copies within 48 hours of a valid request (TAKE IT DOWN Act, binding on platforms since "
        "19 May 2026)."
    ),
)

EVERYWHERE = Country("everywhere", _("In any country"), (STOPNCII, TAKE_IT_DOWN))

COUNTRIES = (FRANCE, EUROPE, UNITED_KINGDOM, UNITED_STATES, EVERYWHERE)
