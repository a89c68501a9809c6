"""Everyday English words: never taken for a misspelt name."""

_WORDS = """
able about above accept access account accounts actually address admin afraid after afternoon again against agent
agree agreed ahead alarm alert alerts allergy alone along already although alway always among amount angry another
answer answers anybody anymore anyone anything anyway apology appear approve approved area aren't around arrival
arrive arrived article asap aside asked asking assign assistant attach attention audience autumn available average
away back backup backups bag bags bank barista base based bath bean beans became because become becomes been before
begin begins behind being believe below beside besides best better between beyond bigger bill billing birthday black
blend blocked blue board book boss both bother bought boxe boxes brand breach break brew brief briefing brilliant
bring broken building business busy button buyer buyers buying cafe cafes caffeine calendar call called calls came
campaign campaigns can't cancel cancelled cannot card cards care careful carry case cases catalogue cause certain
certainly champion champions chance change changed channel charge charged chart charts chat chats cheap cheaper check
checkout cheer cheers child children chinese choose christma christmas churn city claim class clear clearly client
clients clinic close closed closing code coffee cold colleague colour come comes coming command commands common
company compare compared competitor complained complaint complaints complete completed completely confirm connect
consent consider contact contain content control conversation conversations copy corporate correct cost could couldn't
count couple coupon coupons courier covered cracked create credit csat cup cups custom customer customers customs
daily dark data database date day days deal deals dear decaf decide decided declined delay delete deliver delivered
delivery dental depend describe desk despite detail details develop didn't difference different digest dinner direct
discount discuss doe does doesn't doing dollar done dont door double doubt down download draft drive driver drop
duplicate duplicates during each early easily easy edit effect either else email emails empty english enough entire
entirely erase erasure error especially espresso even evening eventually ever every everyone everything everywhere
exact exactly example excel except exchange excited exist expect expected expensive experience experiment explain
export express extra extremely face fact failed fair fall family famous fan fans farther fast favorite favour
favourite feature features feel file fill filter filters final finally find fine finished first fit fits five fixed
flat follow following food foot football force forecast foreign forget forgot former forward found four free french
fresh friday friend friends from front full funny further future game gave gdpr general generally get gets getting
gift girl give given glad goe goes going gold gone gonna good goods google gotta government great green grinder group
grow growing guarantee guess guest guests guide guy guys hadn't half hand handed handle handover happen happened happy
hardly hasn't hate have haven't having head hear heard heart heavy hello help her here hers herself high himself
history hold holding holiday home hope hopefully hotel hotels hour hours house huge human hundred hurry husband i'll
i've idea ideas imagine immediately important impossible include increase indeed info information inside install
instead instruction instructions interest interested interesting internet into invoice invoices isn't issue issues it'
it's item items itself january join joke json june just keep keeps kettle kettles kind kinda kindly knew know knows
label lady land landlord language lapsed large last late lately later latest laugh launch lead learn least leave
leaving left legal lemme less let' let's letter level life lifetime light like likely limited line link list listen
live living local login logo long longer look looking looks lost loud love lovely lover lovers lower loyal loyalty
lucky lunch machine macro made mail mailing main major make makes making manager many march mark market marketing
married match matcha matter maybe mean meaning means meant meet meeting membership mention mentioned mentions menu
merge message messages might milk million mind mine minute minutes miss missed missing mistake mode model moment
monday money month monthly months mood more morning most mother mouth move moved much mug mugs must mute myself name
near nearly necessary need needs negative neither never new news newsletter next nice night nobody noise nope normal
north note notes nothing notification notifications notify nowhere number numbers obviously offer offers office often
okay older once one ones online only open opened opening opinion option options order ordered orders ordinary other
others ought ourselve ourselves outside over overdue overview owner package packaging paid paper parcel part
particular party pass password past pause pay payment paypal pays pending people percent perfect perhap perhaps
permission person personal phone photo photos pick pickup picture piece ping place plain plan plastic play please
plenty pocket point points polite poor position possible possibly post posts power praise predict prefer preorder
prepare present press pretty price prices print priority privacy private probably problem product profile promise
promised promo promotion promotions proof properly proposal provide public pull purchase purchasing push quality
quarter question questions queue quick quickly quiet quite quote rain rate rather rating ratings reach read ready real
really reason reasons recall receipt received recently recipient recipients recommend record records referral refill
refund refunded refunds refuse regard regarding register regular regulars release remain remember remind reminder
reminders remove reorder repair repeat replace replacement reply report reports request requests require reserve reset
response rest restock result results resume return returned returns revenue review reviews right rise risk roast role
roll room round rule rules running safe said sale sales same sample samples satisfaction satisfied saturday save
saved say saying says scale schedule school score search season second seconds seem seemed seems seen segment segments
self sell send sending sense sent sentiment serious seriously service setting settings several shall shape share sheet
shift ship shipment shipped shipping shirt shirts shoe shoes shop short should shouldn't show shows sick side sign
simple simply since single sister sitting situation size sizes skip sleep slightly slow slowly small snooze social
software sold solve solved some somebody someone something sometime sometimes somewhere soon sort sorted sound south
space speak special speed spend spike split spoken spring staff standing star stars start state status stay step still
stock stop store stored stranger street strong stuck stuff stupid subject subscriber subscribers subscription such
suddenly suggest suggestion suggestions summary summer sunday sundays super supplier support supposed sure surely
surprise swap switch system table take taken talk talking target task tasks taste tasting teahouse team teapot tell
template term terms terrible test text than thank thanks that that' that's their them themselve themselves then there
there' there's therefore these they thing things think thinking third this those thought thousand thread three through
throw thursday ticket tickets till time times tip tips tired title today today' today's todo together told tomorrow
tonight took topic topics total touch toward towards towel towels town tracking trading transfer translate trend tried
trouble true trust truth trying tuesday turn twice type unable uncle under understand undo unhappy unless unlikely
unsubscribe unsubscribed until update updates upon urgent usual usually value various verify version very video view
vip vips visit voice volume voucher wait waiting wake walk walnut wanna want wants warehouse warm warranty wasn't
waste watch water way ways wear weather website wednesday week weekend weekly weeks well went were weren't west what
what' what's whatever whats when whenever where where' where's wherever whether which while white whole wholesale whom
whose wife wifi will wish with within without woman won't wonder wonderful word work working works worst would
wouldn't wrap write writing wrong wrote year years yellow yesterday yoga young your yours yourself zero zone
"""

COMMON = frozenset(_WORDS.split())

_SHORT = """
all
a am an and any are as at be but by can did do does for get got had has have he her him his how i if in into is it its
let me my no nor not now of off ok on one or our out own per pls put re say see set she so than that the them then they
to too two up us use via was we who why will with yes yet you your add ask buy cut day due end few fix hi hey id ll new
next note old open pay refund run same send show six sla ten top tag task ticket try vip vs way won yr card case
profile record file customer customers client cust acct account info details summary history timeline email phone
may ring call message whats thats dont im ive hes shes theyre lets csat crm faq
"""

SHORT = frozenset(_SHORT.split())
"""Everyday words of up to three letters, and what staff say of records."""
